package io.github.camelrestcache.app;

import io.github.camelrestcache.base.BadConfiguration;
import io.github.camelrestcache.catalog.Catalog;
import java.io.File;
import java.util.Map;
import org.apache.camel.CamelContext;
import org.apache.camel.component.properties.PropertiesComponent;
import org.apache.camel.impl.DefaultCamelContext;
import org.apache.camel.main.BaseMainSupport;
import org.apache.camel.main.Main;
import org.apache.camel.main.MainListenerSupport;
import org.apache.camel.support.service.ServiceHelper;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Starts the service on Camel Main with the routes in {@code routes/}, or those in the jar. */
public final class App {

  private static final Logger LOG = LoggerFactory.getLogger(App.class);

  private App() {}

  public static void main(String[] args) {
    System.exit(start(Map.of()));
  }

  /**
   * Runs the service until it is stopped.
   *
   * @param overrides properties that override application.properties and the environment
   * @return the exit status: 0 after a normal stop, 1 if the start failed
   */
  public static int start(Map<String, String> overrides) {
    Main main = configured(overrides);
    try {
      main.run();
      return main.getExitCode();
    } catch (Exception e) {
      Exception traced = BadConfiguration.isOf(e) ? null : e;
      LOG.error("Not started: {}", BadConfiguration.sentence(e), traced);
      // stop what was started before the failure, such as an embedded Redis
      ServiceHelper.stopAndShutdownService(main.getCamelContext().getRegistry());
      return 1;
    }
  }

  /** The configured application, not started yet. */
  public static Main configured(Map<String, String> overrides) {
    Main main =
        new Main() {
          @Override
          protected CamelContext createCamelContext() {
            return new DefaultCamelContext(false) {
              @Override
              public boolean removeRoute(String id) throws Exception {
                // Camel calls this for each new route of a Kamelet, and reads all others to do so
                return getRouteController().getRouteStatus(id) != null && super.removeRoute(id);
              }
            };
          }
        };
    main.setPropertyPlaceholderLocations(
        "file:application.properties;optional=true,classpath:application.properties;optional=true");
    overrides.forEach(main::addOverrideProperty);
    boolean checkout = new File("routes/endpoints.camel.yaml").isFile();
    main.configure()
        .withRoutesIncludePattern((checkout ? "file:" : "classpath:") + "routes/*.camel.yaml");
    main.addMainListener(
        new MainListenerSupport() {
          @Override
          public void beforeConfigure(BaseMainSupport starting) {
            CamelContext context = starting.getCamelContext();
            if (!overrides.isEmpty()) {
              // otherwise GITHUB_API_URL would override github.api.url in overrides
              ((PropertiesComponent) context.getPropertiesComponent())
                  .setEnvironmentVariableMode(PropertiesComponent.ENVIRONMENT_VARIABLES_MODE_NEVER);
            }
            new Wiring().configure(context);
            Catalog.refuseIdsTwice(context);
          }

          @Override
          public void afterConfigure(BaseMainSupport starting) {
            // fail before anything is started, so that the log contains only the refusal
            starting.getCamelContext().getRegistry().findSingleByType(Catalog.class).declare();
          }
        });
    return main;
  }
}
