package io.github.camelrestcache;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.camelrestcache.standin.GitHubStandIn;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/** The files for deployments: the image, docker-compose, Grafana, OpenAPI. */
class DeploymentTest {

  private static String read(String file) throws IOException {
    return Files.readString(Path.of(file));
  }

  private static Set<String> all(String pattern, String text) {
    return Pattern.compile(pattern)
        .matcher(text)
        .results()
        .map(found -> found.group(1))
        .collect(Collectors.toCollection(TreeSet::new));
  }

  @Test
  void composePassesOnEveryDocumentedVariable() throws IOException {
    Object compose =
        new Load(LoadSettings.builder().build()).loadFromString(read("docker-compose.yml"));
    Map<?, ?> app = (Map<?, ?>) ((Map<?, ?>) ((Map<?, ?>) compose).get("services")).get("app");
    Set<String> passed =
        ((List<?>) app.get("environment"))
            .stream()
                .map(each -> each.toString().replaceFirst("=.*", ""))
                .collect(Collectors.toCollection(TreeSet::new));
    Set<String> settings = all("\\{\\{env:(\\w+):", read("application.properties"));
    assertThat(settings).hasSizeGreaterThan(30);
    assertThat(passed).isEqualTo(settings);

    String table =
        read("README.md")
            .lines()
            .filter(line -> line.startsWith("| `"))
            .map(line -> line.split("\\|")[1])
            .collect(Collectors.joining());
    assertThat(settings).containsAll(all("`([A-Z]+(?:_[A-Z]+)+)`", table));
  }

  @Test
  void dependenciesAreFetchedBeforeSourcesAreCopied() throws IOException {
    String build = read("Dockerfile").split("(?m)^FROM")[1];
    assertThat(build)
        .containsSubsequence("COPY mvnw pom.xml", "RUN ./mvnw", "COPY . .", "RUN ./mvnw");
  }

  @Test
  void imageIsHealthyWhileGitHubIsDown() throws IOException {
    Matcher health =
        Pattern.compile("HEALTHCHECK .*\\\\\\n.*:\\$\\{MANAGEMENT_PORT:-9000}(/[\\w/]+)\"")
            .matcher(read("Dockerfile"));
    assertThat(health.find()).isTrue();
    try (GitHubStandIn github = GitHubStandIn.builder().build().start()) {
      github.override(asked -> true, (asked, request) -> request.connection().close());
      try (Service service = Service.start(github)) {
        assertThat(service.get("/healthcheck").statusCode()).isEqualTo(503);
        assertThat(management(service, health.group(1)).statusCode()).isEqualTo(200);
      }
    }
  }

  private static HttpResponse<String> management(Service service, String target) {
    return service.send(request -> request.uri(URI.create(service.managementUrl(target))));
  }

  @Test
  void dashboardHasDataSourceVariable() throws IOException {
    JsonNode dashboard =
        new ObjectMapper().readTree(read("observability/grafana/dashboards/camel-rest-cache.json"));
    JsonNode variable = dashboard.at("/templating/list/0");
    assertThat(variable.path("type").asText()).isEqualTo("datasource");
    assertThat(variable.path("query").asText()).isEqualTo("prometheus");
    assertThat(dashboard.path("panels"))
        .isNotEmpty()
        .allMatch(
            panel ->
                panel
                    .at("/datasource/uid")
                    .asText()
                    .equals("${" + variable.path("name").asText() + "}"));
  }

  @Test
  void openApiNamesTheServer() {
    try (GitHubStandIn github = GitHubStandIn.builder().build().start()) {
      try (Service service = Service.start(github)) {
        assertThat(server(service)).isEqualTo("http://127.0.0.1:" + service.port());
      }
      try (Service service =
          Service.start(github, Map.of("public.url", "https://cache.example/github/"))) {
        assertThat(server(service)).isEqualTo("https://cache.example/github");
      }
    }
  }

  private static String server(Service service) {
    return Service.json(management(service, "/openapi.json")).at("/servers/0/url").asText();
  }
}
