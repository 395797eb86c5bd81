package io.github.camelrestcache;

import io.github.camelrestcache.catalog.BadConfiguration;
import java.io.File;
import java.util.Map;
import org.apache.camel.main.BaseMainSupport;
import org.apache.camel.main.Main;
import org.apache.camel.main.MainListenerSupport;
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
      BadConfiguration bad = BadConfiguration.in(e);
      if (bad != null) {
        LOG.error("Not started: {}", bad.getMessage());
      } else {
        LOG.error("Not started: {}", BadConfiguration.rootMessage(e), e);
      }
      return 1;
    }
  }

  /** The application before it is started. */
  static Main configured(Map<String, String> overrides) {
    Main main = new Main();
    main.setPropertyPlaceholderLocations(
        "file:application.properties;optional=true,classpath:application.properties;optional=true");
    overrides.forEach(main::addOverrideProperty);
    boolean checkout = new File("routes/endpoints.camel.yaml").isFile();
    main.configure()
        .withBasePackageScan(App.class.getPackageName())
        .withRoutesIncludePattern((checkout ? "file:" : "classpath:") + "routes/*.camel.yaml");
    main.addMainListener(
        new MainListenerSupport() {
          @Override
          public void beforeConfigure(BaseMainSupport starting) {
            Settings.check(starting.getCamelContext());
            Settings.checkPorts(starting.getCamelContext());
          }
        });
    return main;
  }
}
