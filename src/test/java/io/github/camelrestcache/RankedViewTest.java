package io.github.camelrestcache;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.camelrestcache.base.OneLine;
import io.github.camelrestcache.catalog.CachedEndpoint;
import io.github.camelrestcache.catalog.Catalog;
import io.github.camelrestcache.catalog.View;
import io.github.camelrestcache.store.Entries;
import io.github.camelrestcache.store.Entry;
import org.apache.camel.CamelContext;
import org.apache.camel.component.kamelet.KameletComponent;
import org.apache.camel.component.mock.MockEndpoint;
import org.apache.camel.support.PluginHelper;
import org.apache.camel.support.ResourceHelper;
import org.apache.camel.test.junit5.CamelContextConfiguration;
import org.apache.camel.test.junit5.CamelTestSupport;
import org.apache.camel.test.junit5.TestExecutionConfiguration;
import org.junit.jupiter.api.Test;

/** The ranked-view Kamelet alone: which stored lists it takes from the queue. */
class RankedViewTest extends CamelTestSupport {

  private static final String ROUTES =
      """
      - route:
          id: repos
          autoStartup: false
          from:
            uri: kamelet:cached-endpoint
            parameters: { path: /orgs/x/repos, every: 1h }
            steps:
              - to: { uri: mock:refresh }
      - route:
          id: members
          autoStartup: false
          from:
            uri: kamelet:cached-endpoint
            parameters: { path: /orgs/x/members, every: 1h }
            steps:
              - to: { uri: mock:refresh }
      - route:
          id: view-stars
          from:
            uri: kamelet:ranked-view
            parameters: { view: stars, list: /orgs/x/repos, field: stargazers_count }
            steps:
              - to: { uri: mock:stars }
      - route:
          id: view-ids
          from:
            uri: kamelet:ranked-view
            parameters: { view: ids, list: /orgs/x/members, field: id, label: login }
            steps:
              - to: { uri: mock:ids }
      - route:
          id: view-logins
          from:
            uri: kamelet:ranked-view
            parameters: { view: logins, list: /orgs/x/members, field: login, label: login }
            steps:
              - to: { uri: mock:logins }
      """;

  @Override
  protected CamelContext createCamelContext() throws Exception {
    CamelContext context = super.createCamelContext();
    context.getPropertiesComponent().setLocation("file:application.properties");
    context.getComponent("kamelet", KameletComponent.class).setLocation("file:kamelets");
    context.getRegistry().bind("oneLine", new OneLine());
    Catalog catalog = new Catalog(context);
    context.getRegistry().bind("catalog", catalog);
    return context;
  }

  @Override
  public void configureTest(TestExecutionConfiguration configuration) {
    // the package scan of all other tests would find this test's RouteBuilder
    configuration.withUseRouteBuilder(false);
  }

  @Override
  public void configureContext(CamelContextConfiguration configuration) {
    super.configureContext(configuration);
    configuration.withShutdownTimeout(1);
  }

  @Test
  void onlyViewsOverTheStoredListReceiveIt() throws Exception {
    PluginHelper.getRoutesLoader(context())
        .loadRoutes(ResourceHelper.fromString("test.camel.yaml", ROUTES));
    context().getRegistry().lookupByNameAndType("catalog", Catalog.class).declare();
    context().start();
    getMockEndpoint("mock:stars").expectedMessageCount(1);
    getMockEndpoint("mock:ids").expectedMessageCount(1);
    getMockEndpoint("mock:logins").expectedMessageCount(1);

    Entry members = stored("/orgs/x/members");
    Entry repos = stored("/orgs/x/repos");

    MockEndpoint.assertIsSatisfied(context());
    assertThat(received("mock:stars", Entry.class)).isSameAs(repos);
    assertThat(received("mock:ids", Entry.class)).isSameAs(members);
    assertThat(received("mock:logins", Entry.class)).isSameAs(members);
    View view = getMockEndpoint("mock:ids").getExchanges().get(0).getVariable("view", View.class);
    assertThat(view.name()).isEqualTo("ids");
    assertThat(view.field()).isEqualTo("id");
    assertThat(view.label()).isEqualTo("login");
  }

  /** Sends to the queue what the refresh route sends for this endpoint. */
  private Entry stored(String path) {
    CachedEndpoint endpoint =
        context().getRegistry().lookupByNameAndType("catalog", Catalog.class).endpoint(path);
    Entry entry = Entries.of("1", "[]");
    template()
        .send(
            "seda:stored?multipleConsumers=true&waitForTaskToComplete=Never",
            exchange -> {
              exchange.setVariable("endpoint", endpoint);
              exchange.getMessage().setBody(entry);
            });
    return entry;
  }

  private <T> T received(String mock, Class<T> type) {
    return getMockEndpoint(mock).getExchanges().get(0).getMessage().getBody(type);
  }
}
