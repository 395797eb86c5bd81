package io.github.camelrestcache.app;

import io.github.camelrestcache.base.BadConfiguration;
import io.github.camelrestcache.catalog.Catalog;
import java.io.File;
import java.util.Map;
import org.apache.camel.CamelContext;
import org.apache.camel.RuntimeCamelException;
import org.apache.camel.component.properties.PropertiesComponent;
import org.apache.camel.main.BaseMainSupport;
import org.apache.camel.main.Main;
import org.apache.camel.main.MainListenerSupport;
import org.apache.camel.support.service.ServiceHelper;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Starts the service: the routes in {@code routes/}, or those in the jar, on Camel Main. */
public final class App {

  private static final Logger LOG = LoggerFactory.getLogger(App.class);

  private App() {}

  public static void main(String[] args) {
    System.exit(start(Map.of()));
  }

  /**
   * Runs the service until it is told to end.
   *
   * @param overrides properties that win over application.properties and the environment
   * @return the exit status: 0 after an ordinary end, 1 when it could not start
   */
  public static int start(Map<String, String> overrides) {
    Main main = configured(overrides);
    try {
      main.run();
      return main.getExitCode();
    } catch (Exception e) {
      if (BadConfiguration.isOf(e)) {
        LOG.error("Not started: {}", BadConfiguration.sentence(e));
      } else {
        LOG.error("Not started: {}", BadConfiguration.sentence(e), e);
      }
      // what was started before the failure, such as an embedded Redis
      ServiceHelper.stopAndShutdownService(main.getCamelContext().getRegistry());
      return 1;
    }
  }

  /** The application before it is started. */
  public static Main configured(Map<String, String> overrides) {
    Main main = new Main();
    main.setPropertyPlaceholderLocations(
        "file:application.properties;optional=true,classpath:application.properties;optional=true");
    overrides.forEach(main::addOverrideProperty);
    boolean checkout = new File("routes/endpoints.camel.yaml").isFile();
    main.configure()
        .withRoutesIncludePattern((checkout ? "file:" : "classpath:") + "routes/*.camel.yaml");
    main.addMainListener(
        new MainListenerSupport() {
          @Override
          public void beforeInitialize(BaseMainSupport starting) {
            if (!overrides.isEmpty()) {
              // else GITHUB_API_URL would win over an override of github.api.url
              ((PropertiesComponent) starting.getCamelContext().getPropertiesComponent())
                  .setEnvironmentVariableMode(PropertiesComponent.ENVIRONMENT_VARIABLES_MODE_NEVER);
            }
          }

          @Override
          public void beforeConfigure(BaseMainSupport starting) {
            CamelContext context = starting.getCamelContext();
            try {
              new Wiring().configure(context);
            } catch (Exception e) {
              throw RuntimeCamelException.wrapRuntimeException(e);
            }
            Catalog.refuseIdsTwice(context);
          }

          @Override
          public void afterConfigure(BaseMainSupport starting) {
            // the routes are loaded, and nothing is started: a refusal is all that is logged
            starting.getCamelContext().getRegistry().findSingleByType(Catalog.class).declare();
          }
        });
    return main;
  }
}
