package io.github.camelrestcache.standin;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.camelrestcache.standin.GitHubData.Repository;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * GitHub's objects as JSON, with the fields and their order as in GitHub's documentation. Values
 * depend on the arguments only, so each run has the same ones. URLs name api.github.com.
 */
final class GitHubJson {
  static final ObjectMapper MAPPER = new ObjectMapper();
  private static final String API = "https://api.github.com";
  private static final Pattern SLOT = Pattern.compile("\\$(\\w+)");
  private static final Instant FIRST = Instant.parse("2011-01-05T10:00:00Z");
  static final Instant LAST = Instant.parse("2025-06-01T12:30:00Z");

  private static final List<String> NAMES =
      List.of(
          ("Hystrix eureka zuul conductor chaosmonkey astyanax curator archaius ribbon Priam asgard"
                  + " SimianArmy feign governator atlas servo genie dynomite vizceral Turbine metaflow"
                  + " falcor pollyjs security_monkey bless consoleme dgs-framework lemur maestro"
                  + " concurrency-limits mantis titus flamescope vectorflow repokid hollow spectator"
                  + " iceberg dispatch unleash")
              .split(" "));
  private static final List<String> FIRST_WORDS =
      List.of("amber brisk coral dusty eager fable ghost hazel ionic jolly".split(" "));
  private static final List<String> LAST_WORDS =
      List.of("anvil beacon cargo delta engine funnel garden harbor index journal".split(" "));
  private static final List<String> LANGUAGES =
      List.of("Java", "Python", "Go", "TypeScript", "Scala", "Jupyter Notebook", "C++");
  private static final List<String> DESCRIPTIONS =
      List.of(
          "Keeps calls to slow or broken services from taking everything else down with them.",
          "Finds the instances of a service in the cloud, for balancing and failover.",
          "Orchestration – für Dienste, die länger laufen als eine Anfrage ☁️",
          "映像配信のためのツール群 (tools for video delivery)",
          "A small library with \"quotes\", back\\slashes and <b>markup</b> & ampersands",
          "Naïve café résumé: encoding tests, tout simplement 🎬🍿",
          "Потоковая обработка событий в реальном времени");

  private GitHubJson() {}

  /** The name of the repository at that place: names known from Netflix, then made-up ones. */
  static String repositoryName(int index) {
    if (index < NAMES.size()) {
      return NAMES.get(index);
    }
    return FIRST_WORDS.get(index % 10) + '-' + LAST_WORDS.get(index / 10 % 10) + '-' + index;
  }

  static ObjectNode root() {
    return fill(Templates.ROOT, Map.of("api", API));
  }

  static ObjectNode organization(String login, long id, int repositories) {
    return fill(
        Templates.ORGANIZATION,
        Map.of(
            "login", login,
            "id", id,
            "node", node("12:Organization", id),
            "url", API + "/orgs/" + login,
            "repos", repositories));
  }

  /** A user or, in the owner of a repository, an organization. */
  static ObjectNode account(String login, long id, String type) {
    return fill(
        Templates.ACCOUNT,
        Map.of(
            "login", login,
            "id", id,
            "type", type,
            "node", node(type.equals("User") ? "04:User" : "12:Organization", id),
            "url", API + "/users/" + login));
  }

  static ObjectNode repository(ObjectNode owner, long id, String name, int index) {
    String org = owner.path("login").asText();
    Random random = new Random(0x5EED_0000L + index * 2_654_435_761L);
    boolean known = index < NAMES.size();
    int rank = index * 7 % NAMES.size();
    Instant updated = LAST.minus(Duration.ofDays(random.nextInt(400)));
    ObjectNode repository =
        fill(
            Templates.REPOSITORY,
            Map.ofEntries(
                Map.entry("id", id),
                Map.entry("node", node("010:Repository", id)),
                Map.entry("name", name),
                Map.entry("org", org),
                Map.entry("site", "github.com/" + org + '/' + name),
                Map.entry("url", API + "/repos/" + org + '/' + name),
                Map.entry("created", FIRST.plus(Duration.ofDays(4500L * index / (index + 200)))),
                Map.entry("updated", updated),
                Map.entry("pushed", updated.minusSeconds(random.nextInt(1_000_000))),
                Map.entry("homepage", index % 4 == 0 ? "\"https://example.invalid/\"" : "null"),
                Map.entry("size", 10 + random.nextInt(50_000)),
                Map.entry("stars", known ? 24_000 - rank / 2 * 900 : square(random, 30)),
                Map.entry("forks", known ? 4_700 - rank / 3 * 300 : square(random, 15)),
                Map.entry("issues", known ? 35 + random.nextInt(60) : random.nextInt(9)),
                Map.entry("language", index % 9 == 8 ? "null" : '"' + pick(LANGUAGES, index) + '"'),
                Map.entry("wiki", random.nextBoolean()),
                Map.entry("archived", index % 13 == 12),
                Map.entry("fork", index % 10 == 9),
                Map.entry(
                    "license",
                    index % 7 == 6 ? "null" : index % 3 == 2 ? Templates.MIT : Templates.LICENSE)));
    repository.set("owner", owner.deepCopy());
    if (index % 11 != 10) {
      repository.put("description", pick(DESCRIPTIONS, index));
    }
    ArrayNode topics = repository.withArray("topics");
    for (int i = index % 5; i > 0; i--) {
      topics.add(pick(LAST_WORDS, index + i));
    }
    return repository;
  }

  static ObjectNode issue(
      String repository, long id, int number, ObjectNode user, Instant created) {
    return fill(
        Templates.ISSUE,
        Map.of(
            "url", API + "/repos/" + repository,
            "repo", repository,
            "id", id,
            "node", node("05:Issue", id),
            "number", number,
            "user", user,
            "created", created));
  }

  static ObjectNode readme(Repository repository, String markdown) {
    return file(Templates.README, repository, markdown);
  }

  static ObjectNode blob(Repository repository, String text) {
    return file(Templates.BLOB, repository, text);
  }

  /** The name that a text has as a blob. */
  static String sha(String text) {
    return Answer.sha256(text.getBytes(UTF_8)).substring(0, 40);
  }

  private static ObjectNode file(String template, Repository repository, String text) {
    byte[] bytes = text.getBytes(UTF_8);
    String fullName = repository.json().path("full_name").asText();
    String lines = Base64.getMimeEncoder(60, new byte[] {'\n'}).encodeToString(bytes) + '\n';
    return fill(
        template,
        Map.of(
            "url",
            API + "/repos/" + fullName,
            "repo",
            fullName,
            "sha",
            sha(text),
            "node",
            node("04:Blob", repository.id),
            "size",
            bytes.length,
            "content",
            lines.replace("\n", "\\n")));
  }

  private static int square(Random random, int bound) {
    return random.nextInt(bound) * random.nextInt(bound);
  }

  private static String pick(List<String> from, int index) {
    return from.get(index % from.size());
  }

  private static String node(String kind, long id) {
    return Base64.getEncoder().encodeToString((kind + id).getBytes(UTF_8));
  }

  private static ObjectNode fill(String template, Map<String, ?> values) {
    String text =
        SLOT.matcher(template)
            .replaceAll(slot -> Matcher.quoteReplacement(values.get(slot.group(1)).toString()));
    try {
      return (ObjectNode) MAPPER.readTree(text);
    } catch (JsonProcessingException wrongTemplate) {
      throw new UncheckedIOException(wrongTemplate);
    }
  }
}
