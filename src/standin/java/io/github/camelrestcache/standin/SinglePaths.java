package io.github.camelrestcache.standin;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.camelrestcache.standin.Answer.Content;
import io.github.camelrestcache.standin.GitHubData.Repository;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Answers the paths of one segment, such as /user and /graphql. */
final class SinglePaths {
  private static final Pattern FIRST_FIELD = Pattern.compile("\\{\\s*(\\w+)");

  private final GitHubData data;

  SinglePaths(GitHubData data) {
    this.data = data;
  }

  Answer answer(Call call) {
    String method = call.reads() ? "GET " : call.request().method() + ' ';
    return switch (method + call.path()[0]) {
      case "GET " -> Answer.json(200, GitHubJson.root());
      case "GET zen" -> Answer.of(200, Content.text("Keep it logically awesome.", "text/plain"));
      case "GET user" ->
          GitHubRoutes.known(call, "rest/users/users", () -> Answer.json(200, user(call)));
      case "GET notifications" ->
          GitHubRoutes.known(call, "rest/activity/notifications", () -> notifications(call));
      case "POST graphql" -> GitHubRoutes.known(call, "graphql", () -> graphql(call));
      case "POST markdown" -> markdown(call);
      default -> null;
    };
  }

  private static ObjectNode user(Call call) {
    String login = call.caller().login();
    return GitHubJson.account(login, GitHubData.userId(login), "User");
  }

  private static Answer notifications(Call call) {
    ArrayNode list = GitHubJson.MAPPER.createArrayNode();
    list.addObject()
        .put("id", "1")
        .put("unread", true)
        .put("reason", "mention")
        .put("updated_at", "2025-06-01T12:30:00Z")
        .putObject("subject")
        .put("title", "For @" + call.caller().login() + " alone")
        .put("type", "Issue");
    return Answer.json(200, list).with("X-Poll-Interval", "60");
  }

  /** Knows the viewer, and a repository by the variables owner and name; of a query, one field. */
  private Answer graphql(Call call) {
    JsonNode asked = call.object();
    if (asked == null || !asked.path("query").isTextual()) {
      String message = "A query attribute must be specified and must be a string.";
      return Answer.error(400, message, "graphql");
    }
    String query = asked.get("query").asText();
    Matcher first = FIRST_FIELD.matcher(query);
    String field = first.find() ? first.group(1) : "";
    ObjectNode body = GitHubJson.MAPPER.createObjectNode();
    if (field.equals("viewer")) {
      body.putObject("data").putObject("viewer").put("login", call.caller().login());
    } else if (!field.equals("repository")) {
      failed(body, field, "Field '" + field + "' doesn't exist on type 'Query'");
    } else {
      String owner = asked.at("/variables/owner").asText();
      String name = asked.at("/variables/name").asText();
      Repository repository = data.isOrg(owner) ? data.named(name) : null;
      ObjectNode data = body.putObject("data");
      if (repository == null || repository.isPrivate() && !call.caller().seesPrivate()) {
        data.putNull("repository");
        String wanted = "'" + owner + '/' + name + "'";
        failed(body, field, "Could not resolve to a Repository with the name " + wanted + ".")
            .put("type", "NOT_FOUND");
      } else {
        ObjectNode json = repository.json();
        ObjectNode found = data.putObject("repository");
        found.set("databaseId", json.path("id"));
        found.set("nameWithOwner", json.path("full_name"));
        found.set("stargazerCount", json.path("stargazers_count"));
        found.retain(List.of(query.split("\\W+")));
      }
    }
    return Answer.json(200, body);
  }

  private static ObjectNode failed(ObjectNode body, String field, String message) {
    ObjectNode error = body.putArray("errors").addObject().put("message", message);
    error.putArray("path").add(field);
    return error;
  }

  private static Answer markdown(Call call) {
    JsonNode body = call.object();
    if (body == null) {
      return Answer.noJson();
    }
    String text = body.path("text").asText();
    String html = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
    return Answer.of(200, Content.text("<p>" + html + "</p>", "text/html"));
  }
}
