package io.github.camelrestcache;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.camelrestcache.base.Settings;
import io.github.camelrestcache.standin.GitHubStandIn;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/** The files for deployments: the image, docker-compose, Kubernetes, Grafana, OpenAPI. */
class DeploymentTest {

  private static String read(String file) throws IOException {
    return Files.readString(Path.of(file));
  }

  private static JsonNode yaml(String file) throws IOException {
    Object yaml = new Load(LoadSettings.builder().build()).loadFromString(read(file));
    return new ObjectMapper().valueToTree(yaml);
  }

  /** The default values by environment variable. */
  private static Map<String, String> settings() throws IOException {
    Map<String, String> settings = new TreeMap<>();
    Pattern.compile("\\{\\{env:(\\w+):(.*?)}}")
        .matcher(read("application.properties").replaceAll("\\\\\n\\s*", ""))
        .results()
        .forEach(found -> settings.put(found.group(1), found.group(2)));
    assertThat(settings).hasSizeGreaterThan(30);
    return settings;
  }

  @Test
  void composePassesOnEveryVariable() throws IOException {
    Set<String> passed = new TreeSet<>();
    yaml("docker-compose.yml")
        .at("/services/app/environment")
        .forEach(each -> passed.add(each.asText().replaceFirst("=.*", "")));
    assertThat(passed).isEqualTo(settings().keySet());
  }

  @Test
  void documentHasEveryVariableWithItsDefault() throws IOException {
    Map<String, String> documented = new TreeMap<>();
    Pattern.compile("(?m)^- `(\\w+)`,\\s(?:default\\s+`([^`]*)`|no default),\\s+for\\s+example\\s")
        .matcher(read("docs/configuration.md"))
        .results()
        .forEach(
            found ->
                documented.put(
                    found.group(1),
                    Objects.requireNonNullElse(found.group(2), "").replaceAll("\\s", "")));
    assertThat(documented).isEqualTo(settings());
  }

  @Test
  void kubernetesSetsExistingVariables() throws IOException {
    Set<String> set = new TreeSet<>();
    container().path("env").forEach(each -> set.add(each.path("name").asText()));
    yaml("deploy/kubernetes/kustomization.yaml")
        .at("/secretGenerator/0/literals")
        .forEach(each -> set.add(each.asText().replaceFirst("=.*", "")));
    assertThat(settings().keySet()).containsAll(set);
    assertThat(set).contains("MANAGEMENT_HOST", "REDIS_URL", "GITHUB_API_TOKEN");
  }

  @Test
  void kubernetesWaitsUntilAPodIsDrained() throws IOException {
    JsonNode delay = null;
    for (JsonNode each : container().path("env")) {
      delay = each.path("name").asText().equals("DRAIN_DELAY") ? each.path("value") : delay;
    }
    long drained = Settings.millis(delay.asText()) / 1000 + 30;
    assertThat(pod().path("terminationGracePeriodSeconds").asLong()).isGreaterThan(drained);
  }

  @Test
  void kubernetesGivesNoPrivileges() throws IOException {
    JsonNode context = container().path("securityContext");
    assertThat(context.path("readOnlyRootFilesystem").asBoolean()).isTrue();
    assertThat(context.path("allowPrivilegeEscalation").asBoolean(true)).isFalse();
    assertThat(context.at("/capabilities/drop/0").asText()).isEqualTo("ALL");
    assertThat(pod().at("/securityContext/runAsNonRoot").asBoolean()).isTrue();
    assertThat(read("Dockerfile"))
        .contains("--uid " + pod().at("/securityContext/runAsUser").asInt());
  }

  @Test
  void kubernetesMountsTheFilesThatUsersEdit() throws IOException {
    Set<String> mounted = new TreeSet<>();
    for (JsonNode each : container().path("volumeMounts")) {
      if (each.path("name").asText().equals("routes")) {
        assertThat(each.path("mountPath").asText())
            .isEqualTo("/app/routes/" + each.path("subPath").asText());
        mounted.add(each.path("subPath").asText());
      }
    }
    Set<String> files = new TreeSet<>();
    yaml("routes/Kustomization").findPath("files").forEach(each -> files.add(each.asText()));
    assertThat(mounted).isEqualTo(files).hasSize(2);
    assertThat(files).allMatch(file -> Files.isRegularFile(Path.of("routes", file)));
  }

  private static JsonNode pod() throws IOException {
    return yaml("deploy/kubernetes/deployment.yaml").at("/spec/template/spec");
  }

  private static JsonNode container() throws IOException {
    return pod().at("/containers/0");
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
