package io.github.camelrestcache.catalog;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.camelrestcache.base.Settings;

/** Generates the OpenAPI 3.0 document of the declared endpoints and views. */
public record OpenApi(Catalog catalog, Settings settings) {

  private static final ObjectMapper JSON = new ObjectMapper();

  /**
   * The document.
   *
   * @param host the host of its server if {@code PUBLIC_URL} is not set
   */
  public ObjectNode document(String host) {
    ObjectNode document = JSON.createObjectNode().put("openapi", "3.0.3");
    document.putObject("info").put("title", "camel-rest-cache").put("version", "1");
    String url = settings.scheme() + "://" + host + ":" + settings.clients().port();
    String server = settings.publicUrl().isEmpty() ? url : settings.publicUrl();
    document.putArray("servers").addObject().put("url", server);
    ObjectNode paths = document.putObject("paths");
    for (CachedEndpoint endpoint : catalog.endpoints()) {
      String path = endpoint.plainPath();
      if (paths.has(path)) {
        continue; // a path with several queries is one path of OpenAPI
      }
      ObjectNode get = operation(paths, path, endpoint.id(), endpoint.description());
      boolean list = endpoint.shape() == CachedEndpoint.Shape.LIST;
      ObjectNode schema = answers(get, 503).put("type", list ? "array" : "object");
      if (list) {
        schema.putObject("items").put("type", "object");
        // without either, the answer is the whole list
        parameter(get, "page", "query").put("type", "integer").put("minimum", 1);
        ObjectNode size = parameter(get, "per_page", "query").put("type", "integer");
        size.put("minimum", 1).put("maximum", 100);
      }
    }
    StringBuilder summary = new StringBuilder("The first rows of a view.");
    for (View each : catalog.views()) {
      summary.append(' ').append(each.name()).append(": ").append(each.description());
    }
    ObjectNode view = operation(paths, "/view/{order}/{n}/{view}", "view", summary.toString());
    var order = parameter(view, "order", "path").put("type", "string").putArray("enum");
    order.add("top").add("bottom");
    parameter(view, "n", "path").put("type", "integer").put("minimum", 1).put("maximum", 100_000);
    var names = parameter(view, "view", "path").put("type", "string").putArray("enum");
    catalog.views().forEach(each -> names.add(each.name()));
    ObjectNode rows = answers(view, 400, 404, 503).put("type", "array").putObject("items");
    rows.put("type", "array").put("minItems", 2).putObject("items");
    String ready = "The readiness of all endpoints and views.";
    answers(operation(paths, "/healthcheck", "healthcheck", ready), 503).put("type", "object");
    return document;
  }

  private static ObjectNode operation(ObjectNode paths, String path, String id, String summary) {
    return paths.putObject(path).putObject("get").put("operationId", id).put("summary", summary);
  }

  private static ObjectNode parameter(ObjectNode operation, String name, String in) {
    return operation
        .withArray("parameters")
        .addObject()
        .put("name", name)
        .put("in", in)
        .put("required", in.equals("path"))
        .putObject("schema");
  }

  /** Adds the error answers, and returns the schema of the 200 answer. */
  private static ObjectNode answers(ObjectNode operation, int... problems) {
    ObjectNode responses = operation.putObject("responses");
    ObjectNode ok = responses.putObject("200").put("description", "OK");
    for (int status : problems) {
      ObjectNode content =
          responses
              .putObject(Integer.toString(status))
              .put("description", "An error as GitHub's, with the members of RFC 9457")
              .putObject("content");
      content.putObject("application/json");
      content.putObject("application/problem+json");
    }
    return ok.putObject("content").putObject("application/json").putObject("schema");
  }
}
