package io.github.camelrestcache;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * A start that must fail.
 *
 * @param name describes the mistake
 * @param environment the environment variables
 * @param file a file in the working folder, or null
 * @param text is appended to the file
 * @param expected the texts that the message must contain
 */
record Refused(
    String name, Map<String, String> environment, String file, String text, List<String> expected) {

  private static final String ENDPOINTS = "routes/endpoints.camel.yaml";
  private static final String VIEWS = "routes/views.camel.yaml";

  /**
   * All refusals.
   *
   * @param takenPort a port that is in use
   */
  static Stream<Refused> all(int takenPort) {
    String port = Integer.toString(takenPort);
    return Stream.of(
        setting("REFRESH_INTERVAL", "ten", "'ten'", "5m"),
        setting("PORT", "abc", "'abc'", "1 to 65535"),
        setting("PORT", port, "'" + port + "'", "free port"),
        setting("GITHUB_API_URL", "ftp://x", "'ftp://x'", "https://"),
        setting("REDIS_URL", "http://x", "'http://x'", "redis://"),
        new Refused(
            "one port for both",
            Map.of("PORT", "45678", "MANAGEMENT_PORT", "45678"),
            null,
            "",
            List.of("MANAGEMENT_PORT", "PORT", "'45678'", "differ")),
        edit(
            "an unknown key",
            "application.properties",
            "refresh.intervall = 5m\n",
            "application.properties",
            "'refresh.intervall'",
            "'refresh.interval'"),
        edit(
            "an unknown parameter",
            ENDPOINTS,
            route("typo", "cached-endpoint", "path: /orgs/x, evry: 5m"),
            "routes/endpoints.camel.yaml:",
            "'evry'",
            "'every'"),
        edit(
            "an id declared twice",
            VIEWS,
            route("view-stars", "ranked-view", "view: s, list: /orgs/Netflix/repos, field: id"),
            "routes/views.camel.yaml:",
            "'view-stars'",
            "already declared"),
        edit(
            "an id declared in two files",
            ENDPOINTS,
            route("view-stars", "cached-endpoint", "path: /orgs/x"),
            "routes/views.camel.yaml:",
            "routes/endpoints.camel.yaml:",
            "'view-stars'",
            "already declared"),
        edit(
            "a path declared twice",
            ENDPOINTS,
            route("twice", "cached-endpoint", "path: /orgs/Netflix"),
            "routes/endpoints.camel.yaml:",
            "'/orgs/Netflix'",
            "already declared"),
        edit(
            "an invalid interval",
            ENDPOINTS,
            route("ten", "cached-endpoint", "path: /orgs/x, every: ten"),
            "routes/endpoints.camel.yaml:",
            "'every'",
            "'ten'",
            "5m"),
        edit(
            "a view over a list that is not cached",
            VIEWS,
            route("view-none", "ranked-view", "view: none, list: /orgs/Netflix/repo, field: id"),
            "routes/views.camel.yaml:",
            "'/orgs/Netflix/repo'",
            "'/orgs/Netflix/repos'"));
  }

  static Refused setting(String variable, String value, String... expected) {
    List<String> all = new ArrayList<>(List.of(expected));
    all.add(variable);
    return new Refused(variable + "=" + value, Map.of(variable, value), null, "", all);
  }

  static Refused edit(String name, String file, String text, String... expected) {
    return new Refused(name, Map.of(), file, text, List.of(expected));
  }

  boolean isOfRoutes() {
    return file != null && file.startsWith("routes/");
  }

  @Override
  public String toString() {
    return name;
  }

  private static String route(String id, String kamelet, String parameters) {
    return """

        - route:
            id: %s
            description: A mistake.
            from:
              uri: kamelet:%s
              parameters: { %s }
              steps:
                - to: { uri: direct:%s }
        """
        .formatted(id, kamelet, parameters, kamelet.equals("ranked-view") ? "rank" : "refresh");
  }
}
