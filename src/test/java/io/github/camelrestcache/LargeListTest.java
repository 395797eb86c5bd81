package io.github.camelrestcache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.github.camelrestcache.standin.GitHubStandIn;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.URL;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Lists of large organizations in small heaps. */
@Tag("slow")
class LargeListTest {

  private static final String TOKEN = "service-token";
  private static final String REPOS = "/orgs/Netflix/repos";

  @TempDir private Path folder;

  @ParameterizedTest
  @CsvSource({"3000, 200", "10000, 300"})
  void largeListIsRefreshedConditionallyInSmallHeap(int repositories, int megabytes) {
    GitHubStandIn github =
        GitHubStandIn.builder().repositories(repositories).limits(100_000, 100_000).build().start();
    github.addToken(TOKEN, "robot");
    String last = github.repositoryNames().get(repositories - 1);
    Map<String, String> settings =
        Map.of(
            "REDIS_URL",
            "",
            "GITHUB_API_URL",
            github.url(),
            "GITHUB_API_TOKEN",
            TOKEN,
            "REFRESH_INTERVAL",
            "2s");
    try (github;
        Instance service = Instance.start(folder, settings, "-Xmx" + megabytes + "m")) {
      service.ready();
      assertThat(service.get(REPOS + "?per_page=1&page=" + repositories).body()).contains(last);
      long before = firstPages(github);
      await().atMost(Duration.ofSeconds(60)).until(() -> firstPages(github) > before + 1);
      github.clearRequests();
      github.updateRepository(last, each -> each.put("stargazers_count", 9_999_999));

      String top = "[[\"Netflix/" + last + "\",9999999]]";
      await()
          .atMost(Duration.ofSeconds(60))
          .until(() -> service.get("/view/top/1/stars").body().equals(top));

      assertThat(github.requests())
          .as("conditional requests for all pages")
          .allMatch(asked -> asked.header("If-None-Match") != null);
      assertThat(service.isAlive()).isTrue();
      assertThat(service.output()).noneMatch(line -> line.contains("OutOfMemory"));
    }
  }

  private static long firstPages(GitHubStandIn github) {
    return github.requests().stream().filter(asked -> asked.path().equals(REPOS)).count();
  }

  @Test
  void readersWithoutGzipGetLargeListInDefaultHeap() throws Exception {
    int repositories = 20_000;
    GitHubStandIn github =
        GitHubStandIn.builder().repositories(repositories).limits(100_000, 100_000).build().start();
    Map<String, String> settings =
        Map.of("REDIS_URL", "", "GITHUB_API_URL", github.url(), "REFRESH_INTERVAL", "1h");
    ExecutorService readers = Executors.newFixedThreadPool(4);
    try (github;
        Instance service = Instance.start(folder, settings, "-Xmx128m")) {
      service.ready();
      List<Future<Integer>> counts =
          readers.invokeAll(Collections.nCopies(4, () -> items(service.port())));
      for (Future<Integer> count : counts) {
        assertThat(count.get()).isEqualTo(repositories);
      }
      assertThat(service.isAlive()).isTrue();
    } finally {
      readers.shutdownNow();
    }
  }

  private static final class CountedStream extends FilterInputStream {
    private long count;

    CountedStream(InputStream in) {
      super(in);
    }

    @Override
    public int read() throws IOException {
      int read = in.read();
      count += read < 0 ? 0 : 1;
      return read;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
      int read = in.read(target, offset, length);
      count += Math.max(0, read);
      return read;
    }
  }

  /** Streams the list, checks its Content-Length, and returns the number of items. */
  private static int items(int port) throws Exception {
    HttpURLConnection connection =
        (HttpURLConnection) new URL("http://127.0.0.1:" + port + REPOS).openConnection();
    connection.setRequestProperty("Accept", "*/*");
    connection.setReadTimeout(60_000);
    assertThat(connection.getResponseCode()).isEqualTo(200);
    assertThat(connection.getContentEncoding()).isNull();
    CountedStream body = new CountedStream(connection.getInputStream());
    int items = 0;
    try (JsonParser json = new JsonFactory().createParser(body)) {
      assertThat(json.nextToken()).isEqualTo(JsonToken.START_ARRAY);
      while (json.nextToken() == JsonToken.START_OBJECT) {
        json.skipChildren();
        items++;
      }
      assertThat(json.nextToken()).isNull();
    }
    assertThat(body.count).isEqualTo(connection.getContentLengthLong());
    return items;
  }
}
