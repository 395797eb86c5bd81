package io.github.camelrestcache;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A mistake in a route file is reported, and the last good routes serve until it is fixed. */
@Tag("slow")
class ReloadMistakesTest extends EditedRoutes {

  private static final String ENDPOINTS = "endpoints.camel.yaml";
  private static final String VIEWS = "views.camel.yaml";

  private static String goodEndpoints;
  private static String goodViews;

  @BeforeAll
  static void start(@TempDir Path folder) throws IOException {
    edit(folder);
    goodEndpoints = read(ENDPOINTS);
    goodViews = read(VIEWS);
  }

  @AfterAll
  static void stop() {
    close();
  }

  @AfterEach
  void restore() throws IOException {
    write(ENDPOINTS, goodEndpoints);
    write(VIEWS, goodViews);
    for (String added : new String[] {"another", "zuul-issues", "view-issues"}) {
      soon(() -> assertThat(service.context().getRoute(added)).isNull());
    }
    stopListening();
    listen();
  }

  @ParameterizedTest
  @CsvSource(
      quoteCharacter = '`',
      value = {
        "views.camel.yaml,field: forks_count,feild: forks_count,:5: ,'field'",
        "views.camel.yaml,view: forks,view: stars,:32: ,:5:",
        "views.camel.yaml,id: view-forks,id: view-stars,:32: ,:5:",
        "views.camel.yaml,id: view-forks,id: org-repos,:5: ,endpoints.camel.yaml:",
        "views.camel.yaml,id: view-forks,id: get,:5: ,no file",
        "views.camel.yaml,uri: direct:rank },uri: nowhere:rank },:5: ,nowhere",
        "views.camel.yaml,uri: direct:rank },uri: direct:rnak },:5: ,'direct:rank'",
        "views.camel.yaml,id: view-forks,# id: view-forks,:6: ,no id",
        "views.camel.yaml,steps:,stepz:,`, line 12,`,stepz",
        "views.camel.yaml,steps:,steps: [,`, line 12,`,expected",
        "views.camel.yaml,- route:,- rout:,`, line 5,`,rout",
        "views.camel.yaml,uri: kamelet:ranked-view,uri: kamelet:ranked-veiw,:5: ,'ranked-view'",
        "views.camel.yaml,}}/repos,}}/reps,:5: ,/orgs/Netflix/repos",
        "views.camel.yaml,{{github.org}},{{github.orgg}},:5: ,[github.orgg]",
        "endpoints.camel.yaml,shape: object },`shape: object, every: ten }`,:5: ,'ten'",
        "endpoints.camel.yaml,/members,/repos,:32: ,:23:",
        "endpoints.camel.yaml,id: org-repos,id: org-members,:32: ,:23:"
      })
  void mistakeIsLoggedInOneLineAndLastGoodRoutesServe(
      String file, String good, String bad, String line, String hint) throws IOException {
    String before = read(file);
    write(file, before.replace(good, bad));
    soon(() -> assertThat(log.lines()).anyMatch(each -> each.contains("is refused")));
    assertThat(log.lines())
        .filteredOn(each -> each.contains("is refused"))
        .singleElement()
        .asString()
        .contains(file + line, hint)
        .doesNotContain("\n");
    assertThat(camelLog.lines()).as("stack traces").isEmpty();

    assertThat(service.get("/view/top/1/forks").statusCode()).isEqualTo(200);
    assertThat(service.get("/healthcheck").statusCode()).isEqualTo(200);
    assertThat(served("/orgs/Netflix/members")).contains("hit");

    boolean isViews = file.equals(VIEWS);
    String other = isViews ? ENDPOINTS : VIEWS;
    write(other, read(other) + (isViews ? ENDPOINT : MEMBERS));
    soon(() -> assertThat(log.lines()).anyMatch(each -> each.contains(other + " is reloaded")));

    write(file, before + ANOTHER_ROUTE);
    soon(() -> assertThat(service.context().getRoute("another")).isNotNull());
    assertThat(service.get("/view/top/1/stars").statusCode()).isEqualTo(200);
  }
}
