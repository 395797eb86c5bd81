package io.github.camelrestcache;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.joran.JoranConfigurator;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.LoggingEvent;
import ch.qos.logback.core.OutputStreamAppender;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The format of log lines in logback.xml. */
class LogFormatTest {

  @Test
  void jsonLineHasElasticCommonSchemaFields() throws Exception {
    String line = line("json", Map.of("http.request.id", "a-request"), new Exception("why"));

    JsonNode json = new ObjectMapper().readTree(line);
    assertThat(line).endsWith("}\n").doesNotContain("}\n{");
    assertThat(json.get("@timestamp").asText()).matches("\\d{4}-\\d\\d-\\d\\dT[\\d:.]+Z");
    assertThat(json.get("log.level").asText()).isEqualTo("WARN");
    assertThat(json.get("log.logger").asText()).isEqualTo("a.b.Logger");
    assertThat(json.get("service.name").asText()).isEqualTo("camel-rest-cache");
    assertThat(json.get("message").asText()).isEqualTo("It is 7");
    assertThat(json.get("http.request.id").asText()).isEqualTo("a-request");
    assertThat(json.get("error.type").asText()).isEqualTo("java.lang.Exception");
    assertThat(json.get("error.message").asText()).isEqualTo("why");
    assertThat(json.get("error.stack_trace").asText()).contains("at io.github.camelrestcache.");
  }

  @Test
  void plainLineHasRequestId() throws Exception {
    assertThat(line("plain", Map.of(), null))
        .matches("\\d\\d:\\d\\d:\\d\\d\\.\\d{3} WARN  Logger - It is 7\n");
    assertThat(line("plain", Map.of("http.request.id", "a-request"), null))
        .endsWith(" WARN  Logger - [a-request] It is 7\n");
  }

  private static String line(String format, Map<String, String> mdc, Exception failure)
      throws Exception {
    LoggerContext context = new LoggerContext();
    context.putProperty("LOG_FORMAT", format);
    JoranConfigurator configurator = new JoranConfigurator();
    configurator.setContext(context);
    configurator.doConfigure(LogFormatTest.class.getResource("/logback.xml"));
    var console =
        (OutputStreamAppender<ILoggingEvent>)
            context.getLogger(Logger.ROOT_LOGGER_NAME).getAppender("console");
    Logger logger = context.getLogger("a.b.Logger");
    LoggingEvent event =
        new LoggingEvent("", logger, Level.WARN, "It is {}", failure, new Object[] {7});
    event.setMDCPropertyMap(mdc);
    try {
      return new String(console.getEncoder().encode(event), UTF_8);
    } finally {
      context.stop();
    }
  }
}
