package io.github.camelrestcache.upstream;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.apache.hc.core5.http.ClassicHttpResponse;

/**
 * The kinds of GitHub's limits, by what they stop. See "Rate limits for the REST API" and "Rate
 * limits and query limits for the GraphQL API".
 */
enum LimitKind {
  /** the requests of a credential for one resource */
  PRIMARY,
  /** all requests of a credential, REST and GraphQL */
  SECONDARY,
  /** the writes of a credential */
  CONTENT_CREATION;

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Pattern CREATION = Pattern.compile("(?i)content[ -]creation");

  /** Older servers say "abuse detection mechanism". */
  private static final Pattern TOO_FAST =
      Pattern.compile("(?i)secondary[ -](rate|limit)|abuse[ -](detection|rate)");

  /** Also the type of an error of GraphQL: {@code RATE_LIMITED}. */
  private static final Pattern SPENT = Pattern.compile("(?i)rate[ _-]?limit");

  /**
   * The limit because of which GitHub refuses a request, or null. Often only the content tells: a
   * denied access is a 403, too, and may be the last request of a window.
   */
  static LimitKind of(UpstreamRequest ask, ClassicHttpResponse response) throws IOException {
    int status = response.getCode();
    boolean isSpent = "0".equals(Contents.field(response, Limit.PREFIX + "remaining"));
    boolean hasWait = response.containsHeader("Retry-After");
    boolean isRefusal = status == 403 || status == 429;
    boolean isOfGraphQl = status == 200 && Limit.guessed(ask.path()).equals("graphql");
    if (!isRefusal && !(isOfGraphQl && (isSpent || hasWait))) {
      return null;
    }
    String said = said(Contents.text(response), isRefusal);
    if (CREATION.matcher(said).find()) {
      return CONTENT_CREATION;
    } else if (TOO_FAST.matcher(said).find()) {
      return SECONDARY;
    } else if (SPENT.matcher(said).find()
        || isSpent && (status == 429 || isRefusal && said.isBlank())) {
      return PRIMARY;
    }
    return status == 429 || isRefusal && hasWait ? SECONDARY : null;
  }

  /** What an answer says of a refusal; of a GraphQL answer with data only the types of errors. */
  private static String said(String content, boolean isRefusal) {
    try {
      JsonNode json = JSON.readTree(content);
      if (isRefusal) {
        String page = json.path("documentation_url").asText();
        String message = json.path("message").asText();
        return TOO_FAST.matcher(page).find() ? message + " secondary rate" : message;
      }
      JsonNode errors = json.path("errors");
      List<String> said = new ArrayList<>(errors.findValuesAsText("type"));
      if (json.path("data").isEmpty()) {
        said.addAll(errors.findValuesAsText("message"));
      }
      return String.join(" ", said);
    } catch (JsonProcessingException e) {
      return "";
    }
  }
}
