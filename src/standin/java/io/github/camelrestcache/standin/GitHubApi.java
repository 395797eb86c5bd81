package io.github.camelrestcache.standin;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.camelrestcache.standin.Answer.Content;
import io.github.camelrestcache.standin.Budgets.Window;
import io.github.camelrestcache.standin.Call.Caller;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What GitHub does for every answer: credentials, rate limits, validators, compression and the
 * fields that all answers have.
 */
final class GitHubApi {
  private static final Pattern ENTITY_TAG = Pattern.compile("(?:W/)?(\"[^\"]*\")");
  private static final String EXPOSED =
      "ETag, Link, Location, Retry-After, X-GitHub-OTP, X-RateLimit-Limit, X-RateLimit-Remaining,"
          + " X-RateLimit-Used, X-RateLimit-Resource, X-RateLimit-Reset, X-OAuth-Scopes,"
          + " X-Accepted-OAuth-Scopes, X-Poll-Interval, X-GitHub-Media-Type, X-GitHub-SSO,"
          + " X-GitHub-Request-Id, Deprecation, Sunset";

  final GitHubData data;
  final Budgets budgets;
  final Map<String, Caller> tokens = new ConcurrentHashMap<>();
  final AppTokens apps = new AppTokens();
  private final GitHubRoutes routes;
  private final AtomicLong answers = new AtomicLong();
  private final Map<SecondaryLimit, Integer> limits = new ConcurrentHashMap<>();

  GitHubApi(GitHubData data, Budgets budgets) {
    this.data = data;
    this.budgets = budgets;
    this.routes = new GitHubRoutes(data);
  }

  /** Sets a limit's Retry-After in seconds; below 0 it has none, and 0 lifts the limit. */
  void limit(SecondaryLimit limit, int seconds) {
    limits.put(limit, seconds);
  }

  /**
   * Answers a request completely, Content-Length included.
   *
   * @param base the scheme and host for URLs in headers
   */
  Answer answer(Recorded request, String base) {
    if (request.method().equals("OPTIONS")) {
      return always(preflight());
    }
    if (request.header("User-Agent") == null) {
      return length(request, always(withoutUserAgent()));
    }
    Answer toApp = apps.answer(request);
    if (toApp != null) {
      return length(request, always(toApp));
    }
    Caller caller = caller(request);
    Call call = Call.of(request, caller == null ? Caller.ANONYMOUS : caller, base);
    boolean free = call.reads() && request.path().equals("/rate_limit");
    String resource =
        switch (call.path()[0]) {
          case "search", "graphql" -> call.path()[0];
          default -> "core";
        };
    Answer refused = refused(call, caller, free, resource);
    Answer answer =
        refused != null
            ? refused
            : conditional(call, free ? rateLimit(call.caller()) : routes.answer(call));
    boolean limited = refused != null && caller != null;
    boolean costs = !free && !limited && !(answer.status() == 304 && call.caller().authorised());
    describe(call, answer, budgets.take(call.caller(), resource, costs ? 1 : 0), resource);
    return length(request, always(answer));
  }

  private Caller caller(Recorded request) {
    String given = request.header("Authorization");
    if (given == null) {
      return Caller.ANONYMOUS;
    }
    String[] parts = given.trim().split(" +", 2);
    boolean basic = parts[0].equalsIgnoreCase("Basic");
    boolean token = parts[0].equalsIgnoreCase("Bearer") || parts[0].equalsIgnoreCase("token");
    if (!basic && !token || parts.length < 2) {
      return null;
    }
    return Arrays.stream(basic ? Recorded.basic(parts[1]) : new String[] {parts[1]})
        .map(each -> tokens.containsKey(each) ? tokens.get(each) : apps.caller(each))
        .filter(Objects::nonNull)
        .findFirst()
        .orElse(null);
  }

  private Answer refused(Call call, Caller caller, boolean free, String resource) {
    if (caller == null) {
      return Answer.error(401, "Bad credentials", "rest");
    }
    String version = call.request().header("X-GitHub-Api-Version");
    if (version != null && !version.equals("2022-11-28") && !version.equals(Call.NEWER)) {
      return Answer.error(400, "API version " + version + " is not supported", "rest");
    }
    if (free) {
      return null;
    }
    for (SecondaryLimit limit : SecondaryLimit.values()) {
      int seconds = limits.getOrDefault(limit, 0);
      if (seconds != 0 && limit.stops(call)) {
        Answer answer = Answer.error(403, limit.message, limit.page);
        return seconds < 0 ? answer : answer.with("Retry-After", Integer.toString(seconds));
      }
    }
    if (budgets.take(caller, resource, 0).remaining() == 0) {
      String whose = caller.authorised() ? "user " + caller.login() : "127.0.0.1";
      String message = "API rate limit exceeded for " + whose + ".";
      if (resource.equals("graphql") && caller.authorised()) {
        ObjectNode body = GitHubJson.MAPPER.createObjectNode();
        body.putArray("errors").addObject().put("type", "RATE_LIMITED").put("message", message);
        return Answer.json(200, body);
      }
      return Answer.error(403, message, "rest#rate-limiting");
    }
    return null;
  }

  private Answer rateLimit(Caller caller) {
    ObjectNode body = GitHubJson.MAPPER.createObjectNode();
    ObjectNode resources = body.putObject("resources");
    for (String resource : List.of("core", "search", "graphql", "integration_manifest")) {
      Window window = budgets.take(caller, resource, 0);
      resources
          .putObject(resource)
          .put("limit", window.limit())
          .put("used", window.used())
          .put("remaining", window.remaining())
          .put("reset", window.reset());
    }
    body.set("rate", resources.get("core").deepCopy());
    return Answer.json(200, body);
  }

  /** Adds the entity tag, and turns the answer into a 304 when the client has it already. */
  private static Answer conditional(Call call, Answer answer) {
    if (answer.status() != 200 || !call.reads() || call.path()[0].equals("rate_limit")) {
      return answer;
    }
    Recorded request = call.request();
    String depends =
        answer.content().digest + request.headers("Accept") + request.headers("Authorization");
    String tag = '"' + Answer.sha256(depends.getBytes(UTF_8)) + '"';
    answer.with("ETag", "W/" + tag);
    String matches = String.join(",", request.headers("If-None-Match"));
    boolean same = matches.strip().equals("*");
    for (Matcher given = ENTITY_TAG.matcher(matches); given.find(); ) {
      same |= given.group(1).equals(tag);
    }
    String since = request.header("If-Modified-Since");
    if (matches.isEmpty() && since != null) {
      same = Answer.isNotLater(answer.header("Last-Modified"), since);
    }
    return same ? new Answer(304, null, answer.headers()) : answer;
  }

  private void describe(Call call, Answer answer, Window window, String resource) {
    int status = answer.status();
    Caller caller = call.caller();
    if (call.path()[0].equals("rate_limit")) {
      answer.with("Cache-Control", "no-cache");
    } else if (status == 302) {
      answer.with("Cache-Control", "public, must-revalidate, max-age=0");
    } else if (status < 400 && !call.path()[0].equals("graphql")) {
      String scope = caller.authorised() ? "private" : "public";
      answer.with("Cache-Control", scope + ", max-age=60, s-maxage=60");
    }
    answer.with("Vary", "Accept, Authorization, Cookie, X-GitHub-OTP");
    answer.with("Vary", "Accept-Encoding");
    String form = call.form();
    answer.with(
        "X-GitHub-Media-Type",
        "github.v3; " + (form.equals("json") ? "" : "param=" + form + "; ") + "format=json");
    answer.with("x-github-api-version-selected", call.newer() ? Call.NEWER : "2022-11-28");
    answer.with("x-ratelimit-limit", Integer.toString(window.limit()));
    answer.with("x-ratelimit-remaining", Integer.toString(window.remaining()));
    answer.with("x-ratelimit-used", Integer.toString(window.used()));
    answer.with("x-ratelimit-reset", Long.toString(window.reset()));
    answer.with("x-ratelimit-resource", resource);
    if (caller.authorised()) {
      answer.with("github-authentication-token-expiration", "2030-01-01 00:00:00 UTC");
      if (!caller.scopes().isEmpty()) {
        answer.with("X-OAuth-Scopes", String.join(", ", caller.scopes()));
        answer.with("X-Accepted-OAuth-Scopes", status == 201 ? "public_repo, repo" : "");
      } else if (!caller.permissions().isEmpty()) {
        answer.with("X-Accepted-GitHub-Permissions", String.join("; ", caller.permissions()));
      }
    }
  }

  private static Answer preflight() {
    return new Answer(204, null, new ArrayList<>())
        .with(
            "Access-Control-Allow-Headers",
            "Authorization, Content-Type, If-Match, If-Modified-Since, If-None-Match,"
                + " If-Unmodified-Since, Accept-Encoding, X-GitHub-OTP, X-Requested-With,"
                + " User-Agent, GraphQL-Features, X-Github-Next-Global-ID, X-GitHub-Api-Version")
        .with("Access-Control-Allow-Methods", "GET, POST, PATCH, PUT, DELETE")
        .with("Access-Control-Max-Age", "86400");
  }

  private static Answer withoutUserAgent() {
    String text =
        "\r\nRequest forbidden by administrative rules. Please make sure your request has a"
            + " User-Agent header (https://docs.github.com/en/rest/overview/"
            + "resources-in-the-rest-api#user-agent-required). Check"
            + " https://developer.github.com for other possible causes.\r\n";
    return Answer.of(403, Content.text(text, "text/html"));
  }

  private Answer always(Answer answer) {
    String id = String.format("%04X:%X", 0xC0DE, 0x10_0000L + answers.incrementAndGet());
    return answer
        .with("Access-Control-Allow-Origin", "*")
        .with("Access-Control-Expose-Headers", EXPOSED)
        .with("X-Content-Type-Options", "nosniff")
        .with("Server", "github.com")
        .with("Date", Instant.now())
        .with("X-GitHub-Request-Id", id);
  }

  private static Answer length(Recorded request, Answer answer) {
    Content content = answer.content();
    if (content == null) {
      return answer;
    }
    answer.with("Content-Type", content.type);
    if (!takesGzip(request) || content.bytes.length == 0) {
      return answer.with("Content-Length", Integer.toString(content.bytes.length));
    }
    Content packed = content.gzip();
    return new Answer(answer.status(), packed, answer.headers())
        .with("Content-Encoding", "gzip")
        .with("Content-Length", Integer.toString(packed.bytes.length));
  }

  private static boolean takesGzip(Recorded request) {
    return request.headers("Accept-Encoding").stream()
        .flatMap(line -> Arrays.stream(line.toLowerCase(Locale.ROOT).split(",")))
        .map(coding -> coding.replaceAll("\\s", ""))
        .anyMatch(coding -> coding.matches("(gzip|x-gzip|\\*)(;q=(0\\.0*[1-9].*|1.*))?"));
  }
}
