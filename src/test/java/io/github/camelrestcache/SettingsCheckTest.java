package io.github.camelrestcache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.github.camelrestcache.base.BadConfiguration;
import io.github.camelrestcache.base.Settings;
import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Properties;
import org.apache.camel.CamelContext;
import org.apache.camel.component.properties.PropertiesComponent;
import org.apache.camel.impl.DefaultCamelContext;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SettingsCheckTest {

  /** Our application.properties with one value replaced, without environment variables. */
  private static CamelContext context(String key, String value) {
    Properties properties = new Properties();
    try (Reader file = Files.newBufferedReader(Path.of("application.properties"))) {
      properties.load(file);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
    properties.setProperty(key, value);
    PropertiesComponent component = new PropertiesComponent();
    component.setInitialProperties(properties);
    component.setEnvironmentVariableMode(PropertiesComponent.ENVIRONMENT_VARIABLES_MODE_NEVER);
    CamelContext context = new DefaultCamelContext();
    context.setPropertiesComponent(component);
    return context;
  }

  private static String refusal(String key, String value) {
    BadConfiguration bad =
        catchThrowableOfType(BadConfiguration.class, () -> Settings.of(context(key, value)));
    assertThat(bad).as("the rejection of %s=%s", key, value).isNotNull();
    return bad.getMessage();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "port               | 1 65535",
        "host               | localhost ::1",
        "redis.url          | redis://127.0.0.1:6379 rediss://user:pass@redis.example:6380/15",
        "redis.url          | redis://:pass@h redis://a_b/ redis://[::1]:6379 redis://u:p%40s:s@h/3",
        "redis.url          | redis-sentinel://h?sentinelMasterId=my-master",
        "redis.url          | redis-cluster://u:p@h1:7000,h2 rediss-cluster://h/ redis-cluster://h/0",
        "redis.url          | rediss-sentinel://h?sentinelMasterId=my-master",
        "redis.url          | redis-sentinel://u:p@h1:26379,h2,h3:1/0?sentinelMasterId=mymaster",
        "github.api.url     | http://127.0.0.1:8080 https://api.github.com/",
        "public.url         | http://127.0.0.1:3000 https://cache.example/github/",
        "github.api.token   | github_pat_0 ghp_0",
        "github.api.version | 2022-11-28 2026-03-10",
        "github.webhook.secret | 0123456789abcdef ~!{}#$%^&*()_+-=~",
        "github.org         | a-1 0",
        "github.owner.paths | /user /user,/gists /repos/*/*/subscription",
        "refresh.interval   | 500ms 2s 1h30m 1d",
        "stale.if.error     | 0s 1d",
        "forward.max.age    | 0s 500ms 1m",
        "drain.delay        | 0s 5s",
        "refresh.max.pages  | 1 100000",
      })
  void validValuesAreAccepted(String key, String values) {
    for (String value : values.split(" ")) {
      assertThatCode(() -> Settings.of(context(key, value))).doesNotThrowAnyException();
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "port                   | a port number | 0; 65536; 080; http; -1; 99999999999; 30 00; ",
        "management.port        | a port number | 9000x; 0x10; ",
        "host                   | a host name   | a b; ",
        "management.host        | a host name   | a b; ",
        "redis.url              | redis://[user | http://localhost:6379; redis://; redis://h/x",
        "redis.url              | redis://[user | redis://h/0?a=b; redis://h:port; redis://h:65536",
        "redis.url              | redis://[user | redis://h1,h2; redis://h?sentinelMasterId=m; h:6379",
        "redis.url              | redis://[user | redis-sentinel://h1,h2; redis-sentinel://h1,,h2/0?a=b",
        "redis.url              | redis://[user | redis-cluster://h/1; redis-cluster://h?sentinelMasterId=m",
        "redis.url              | redis://[user | redis-sentinel://h1,?sentinelMasterId=m; redis://h#a",
        "redis.url              | redis://[user | redis-sentinel://h?sentinelMasterId=; redis://h/0/1",
        "github.api.url         | an http://    | ftp://api.github.com; api.github.com; https://h:0; ",
        "github.api.url         | an http://    | https://; https://h?a=b; https://h:port; https://h#a",
        "public.url             | nothing, or an | cache.example; ftp://h; https://h?a=b; https://h#a; //h",
        "github.api.version     | a version     | v3; latest; 2022-11; ",
        "github.app.id          | nothing, or the id | a b; 4711/1",
        "github.app.installation.id | nothing, or the number | x; -1; 1.0",
        "github.org             | the login     | Net flix; Netflix/repos; -x; x?y; ",
        "github.owner.paths     | paths         | user; /user,; /user,gists; ",
        "refresh.interval       | a time above  | ten; 3; 300; 0; -5m; 1.5h; 5 minutes; PT5M; 5M; ",
        "cold.wait              | a time above  | 0s; 5m3; 1h5x; ",
        "stale.if.error         | a time such as 10m | -1s; x; 1x; 5; ",
        "drain.delay            | a time such as 5s | -1s; soon; ",
        "forward.max.age        | nothing, or a time such as 10s | -1s; 5; never",
        "github.connect.timeout | a time above  | never; ",
        "github.answer.timeout  | a time above  | 1x; ",
        "max.forwards           | a whole       | 0; 1.0; -1; ",
        "refresh.max.pages      | a whole       | many; ",
        "request.threads        | a whole       | 0; ",
        "stored.for.credentials | serve or forward | true; Serve; ",
      })
  void invalidValueIsRejectedWithVariableAndAllowedValues(String key, String allowed, String bad) {
    String variable = key.toUpperCase(Locale.ROOT).replace('.', '_');
    for (String value : (bad + " ").split("; ", -1)) {
      assertThat(refusal(key, value))
          .startsWith("%s is '%s', but must be %s".formatted(variable, value.strip(), allowed));
    }
  }

  @ParameterizedTest
  @CsvSource({
    "github.ogr, did you mean 'github.org'?",
    "refresh.intervall, did you mean 'refresh.interval'?",
    "prot, did you mean 'port'?",
    "a.completely.different.key.of.somebody, expected one of port",
  })
  void unknownKeyIsRejectedWithNearestKnownKey(String key, String suggestion) {
    assertThat(refusal(key, "x"))
        .startsWith("application.properties: unknown key '" + key + "'")
        .contains(suggestion);
  }

  @ParameterizedTest
  @CsvSource({
    "github.api.token, ghp_s3cret with space",
    "github.api.token, ghp_s3cretß",
    "github.api.token, 'ghp_a\nghp_s3cret'",
    "github.api.token, https://s3cret b",
    "github.app.id, -----BEGIN RSA PRIVATE KEY-----s3cret",
    "github.webhook.secret, s3cret",
    "github.webhook.secret, s3cret-0123456789-ß",
    "github.webhook.secret, 's3cret-0123456789\n0123456789'",
    "github.api.url, https://s3cret@api.github.com",
    "github.api.url, https://user:s3cret@api.github.com",
    "public.url, https://user:s3cret@cache.example",
    "redis.url, redis://user:s3cret@host/x",
    "redis.url, redis://user:s3/s3cret@host",
    "redis.url, redis://user:p@s3cret@host:x",
    "redis.url, redis://:s3cret%@host",
    "redis.url, redis://host?password=s3cret",
    "redis.url, 'redis-sentinel://:s3cret@h1,h2'",
  })
  void rejectionNeverContainsSecrets(String key, String value) {
    assertThat(refusal(key, value)).contains(" is '***', but must be ").doesNotContain("s3cret");
  }

  @ParameterizedTest
  @CsvSource({
    "github.app.id, GITHUB_APP_PRIVATE_KEY_FILE",
    "github.app.private.key.file, GITHUB_APP_ID",
    "github.app.installation.id, GITHUB_APP_ID",
  })
  void appNeedsIdAndKey(String key, String missing) {
    assertThat(refusal(key, "1")).startsWith(missing + " is not set: a GitHub App needs ");
  }

  @Test
  void portsMustDiffer() {
    assertThat(refusal("management.port", "{{port}}"))
        .matches("MANAGEMENT_PORT and PORT are both '(\\d+)': they must differ.*");
  }

  @Test
  void durationsAndNumbersAreParsed() {
    assertThat(Settings.of(context("cold.wait", " 1m30s ")).refreshing().coldWait())
        .isEqualTo(Duration.ofSeconds(90));
    assertThat(Settings.of(context("refresh.max.pages", "7")).refreshing().maxPages()).isEqualTo(7);
  }
}
