package io.github.camelrestcache.standin;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.camelrestcache.standin.Answer.Content;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.IntStream;

/**
 * The data of the organization. Repositories are in the order of their ids, as at GitHub. Pages of
 * lists are kept as bytes until something changes. Threads may share it.
 */
final class GitHubData {
  static final long ORG_ID = 913_567;
  private static final long FIRST_REPOSITORY = 2_044_029;
  private static final int PAGES_KEPT = 1_000;

  /**
   * A page of a list.
   *
   * @param last the number of the list's last page, at least 1
   */
  record Page(Content content, int last) {}

  /** A repository; its JSON is made when it is asked for, unless somebody changed it. */
  static final class Repository {
    final long id;
    private final Supplier<ObjectNode> generated;
    private ObjectNode changed;
    private Instant changedAt;

    private Repository(long id, Supplier<ObjectNode> generated) {
      this.id = id;
      this.generated = generated;
    }

    /** Returns a copy. */
    synchronized ObjectNode json() {
      return changed == null ? generated.get() : changed.deepCopy();
    }

    /** When a test changed it; else what it says of itself. */
    synchronized Instant modified() {
      return changed == null ? Instant.parse(json().path("updated_at").asText()) : changedAt;
    }

    synchronized boolean isPrivate() {
      return changed != null && changed.path("private").asBoolean();
    }

    private synchronized void change(Consumer<ObjectNode> change) {
      ObjectNode json = json();
      change.accept(json);
      changed = json;
      changedAt = Instant.now();
    }
  }

  final String org;
  private final ObjectNode owner;
  private final List<ObjectNode> members;
  private final Map<Long, Repository> repositories = new TreeMap<>();
  private final Map<String, Repository> byName = new HashMap<>();
  private final Map<Long, NavigableMap<Integer, ObjectNode>> issues = new HashMap<>();
  private final Map<String, Page> pages = new HashMap<>();
  private int made;

  GitHubData(String org, int repositories, int members) {
    this.org = org;
    this.owner = GitHubJson.account(org, ORG_ID, "Organization");
    this.members =
        IntStream.range(0, members)
            .mapToObj(i -> GitHubJson.account("member-" + (i + 1), 700_001L + 37L * i, "User"))
            .toList();
    for (int i = 0; i < repositories; i++) {
      add(GitHubJson.repositoryName(i));
    }
  }

  /** The id that the repository which was once called "old-name" has: the first one's. */
  static long renamed() {
    return FIRST_REPOSITORY;
  }

  synchronized void add(String name) {
    if (byName.containsKey(key(name))) {
      throw new IllegalArgumentException("There is a repository " + name + " already");
    }
    int index = made++;
    long id = FIRST_REPOSITORY + 3_571L * index;
    Repository repository = new Repository(id, () -> GitHubJson.repository(owner, id, name, index));
    repositories.put(id, repository);
    byName.put(key(name), repository);
    pages.clear();
  }

  synchronized void remove(String name) {
    Repository removed = known(name);
    byName.remove(key(name));
    repositories.remove(removed.id);
    issues.remove(removed.id);
    pages.clear();
  }

  synchronized void change(String name, Consumer<ObjectNode> change) {
    known(name).change(change);
    pages.clear();
  }

  /** Returns the repository of that name in any case; it is an error when there is none. */
  synchronized Repository known(String name) {
    Repository repository = byName.get(key(name));
    if (repository == null) {
      throw new IllegalArgumentException("There is no repository " + name);
    }
    return repository;
  }

  /** Returns the repository of that name in any case, or null. */
  synchronized Repository named(String name) {
    return byName.get(key(name));
  }

  /** Returns the repository of that id, or null. */
  synchronized Repository numbered(String id) {
    return id.matches("\\d{1,18}") ? repositories.get(Long.valueOf(id)) : null;
  }

  synchronized List<Repository> repositories(boolean privateToo) {
    return repositories.values().stream().filter(r -> privateToo || !r.isPrivate()).toList();
  }

  List<String> names() {
    return repositories(true).stream().map(r -> r.json().path("name").asText()).toList();
  }

  List<ObjectNode> members() {
    return members;
  }

  /** Returns the issues of a repository, newest first, that are in that state or "all". */
  synchronized List<ObjectNode> issues(Repository repository, String state) {
    return issues(repository).descendingMap().values().stream()
        .filter(issue -> state.equals("all") || state.equals(issue.path("state").asText()))
        .toList();
  }

  /** Returns a copy of an issue, or null. */
  synchronized ObjectNode issue(Repository repository, int number) {
    ObjectNode issue = issues(repository).get(number);
    return issue == null ? null : issue.deepCopy();
  }

  /** Opens an issue in the name of that user and returns a copy. */
  synchronized ObjectNode open(Repository repository, String login, JsonNode fields) {
    NavigableMap<Integer, ObjectNode> all = issues(repository);
    int number = all.isEmpty() ? 1 : all.lastKey() + 1;
    ObjectNode user = GitHubJson.account(login, userId(login), "User");
    all.put(number, newIssue(repository, number, user, Instant.now()));
    return edit(repository, number, fields);
  }

  /** Takes over title, body and state, those that are given, and returns a copy. */
  synchronized ObjectNode edit(Repository repository, int number, JsonNode fields) {
    ObjectNode issue = issues(repository).get(number);
    for (String field : List.of("title", "body", "state")) {
      if (fields.has(field)) {
        issue.set(field, fields.get(field));
      }
    }
    String now = seconds(Instant.now()).toString();
    issue.put("updated_at", now);
    boolean closed = issue.path("state").asText().equals("closed");
    issue.put("closed_at", closed ? now : null);
    issue.put("state_reason", closed ? fields.path("state_reason").asText("completed") : null);
    pages.clear();
    return issue.deepCopy();
  }

  static long userId(String login) {
    return 800_000L + Math.floorMod(login.hashCode(), 90_000);
  }

  /**
   * Returns one page of a list.
   *
   * @param list names the list among all lists, with everything that its content depends on
   * @param page from 1; a page behind the last is empty
   * @param perPage the most items on a page
   * @param items makes the whole list
   * @param json makes the JSON of an item
   * @param whole makes the page's JSON from the number of all items and those on the page
   */
  synchronized <T> Page page(
      String list,
      int page,
      int perPage,
      Supplier<List<T>> items,
      Function<T, JsonNode> json,
      BiFunction<Integer, ArrayNode, JsonNode> whole) {
    String key = perPage + " " + page + ' ' + list;
    Page kept = pages.get(key);
    if (kept != null) {
      return kept;
    }
    List<T> all = items.get();
    ArrayNode array = GitHubJson.MAPPER.createArrayNode();
    all.stream().skip((page - 1L) * perPage).limit(perPage).map(json).forEach(array::add);
    Content content = Content.json(whole.apply(all.size(), array));
    Page made = new Page(content, Math.max(1, (all.size() + perPage - 1) / perPage));
    if (pages.size() >= PAGES_KEPT) {
      pages.clear();
    }
    pages.put(key, made);
    return made;
  }

  private NavigableMap<Integer, ObjectNode> issues(Repository repository) {
    return issues.computeIfAbsent(
        repository.id,
        id -> {
          NavigableMap<Integer, ObjectNode> all = new TreeMap<>();
          int count = Math.min(500, repository.json().path("open_issues_count").asInt());
          for (int number = 1; number <= count && !members.isEmpty(); number++) {
            Instant created = Instant.parse("2024-01-01T00:00:00Z").plusSeconds(7_301L * number);
            ObjectNode user = members.get(number % members.size());
            all.put(number, newIssue(repository, number, user, created));
          }
          return all;
        });
  }

  private ObjectNode newIssue(Repository repository, int number, ObjectNode user, Instant created) {
    String fullName = repository.json().path("full_name").asText();
    long id = repository.id * 1_000 + number;
    return GitHubJson.issue(fullName, id, number, user, seconds(created));
  }

  private static Instant seconds(Instant time) {
    return Instant.ofEpochSecond(time.getEpochSecond());
  }

  private static String key(String name) {
    return name.toLowerCase(Locale.ROOT);
  }

  /** Whether this is the organization's login, in any case. */
  boolean isOrg(String login) {
    return login.equalsIgnoreCase(org);
  }
}
