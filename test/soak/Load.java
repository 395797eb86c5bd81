import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.HttpResponse.BodySubscribers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.zip.GZIPInputStream;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * The client of the soak test; needs Jackson on the class path. Exits with 0 if all checks passed, else with 1 and a
 * line for each failure.
 *
 * <p>{@code mixed URL PID REPOSITORIES SECONDS CALLERS SECRET FILE} sends each kind of request at its own rate,
 * independent of response times (open loop), and writes memory and responses per second to a file. {@code large
 * URL PID REPOSITORIES} reads the list of repositories four times at once, without gzip. PID is the service's process.
 */
class Load {
  private static final String REPOS = "/orgs/Netflix/repos";
  private static final int URLS = 50_000;
  private static final int MAX_RESIDENT_MB = 320;

  /** The maximum number of requests in flight; requests due beyond it are not sent, but counted. */
  private static final int MAX_IN_FLIGHT = 256;

  private static final int RAMP_SECONDS = 15;
  private static final int ANSWER_SECONDS = 30;
  private static final int LARGE_READERS = 4;

  // The expected content if it is not an array of a known length.
  private static final int OBJECT = -1;
  private static final int ARRAY = -2;

  private static final JsonFactory JSON = new JsonFactory();
  private static final Random RANDOM = new Random(1);

  /** The status columns; FAILED counts missing or incomplete responses, whatever their status. */
  private enum Column {
    OK("2xx"),
    NOT_MODIFIED("304"),
    CLIENT_ERROR("4xx"),
    UNAVAILABLE("503"),
    OTHER("other"),
    FAILED("incomplete");

    final String title;

    Column(String title) {
      this.title = title;
    }

    static Column of(int status) {
      return switch (status) {
        case 304 -> NOT_MODIFIED;
        case 503 -> UNAVAILABLE;
        default -> status / 100 == 2 ? OK : status / 100 == 4 ? CLIENT_ERROR : OTHER;
      };
    }
  }

  /**
   * A request and its expected content.
   *
   * @param items the expected number of items, or OBJECT or ARRAY
   */
  private record Ask(HttpRequest request, int items) {}

  /** One kind of request: its rate and its results. */
  private static final class Kind {
    final String name;
    final int perSecond;
    final int checkOneIn;
    final Supplier<Ask> next;
    final long[] columns = new long[Column.values().length];
    final Latencies latencies = new Latencies();
    long due;
    long sent;
    volatile String entityTag;

    Kind(String name, int perSecond, int checkOneIn, Supplier<Ask> next) {
      this.name = name;
      this.perSecond = perSecond;
      this.checkOneIn = checkOneIn;
      this.next = next;
    }
  }

  /** A histogram of latencies, each bucket 2 % wider than the previous one. */
  private static final class Latencies {
    private static final double STEP = Math.log(1.02);
    private final long[] buckets = new long[1_000];
    private long count;

    synchronized void add(long nanos) {
      double micros = Math.max(1, nanos / 1e3);
      buckets[(int) Math.min(buckets.length - 1, Math.log(micros) / STEP)]++;
      count++;
    }

    /** Returns the latency in milliseconds of this percentile. */
    synchronized double percentile(double share) {
      long left = (long) Math.ceil(share * count);
      int bucket = 0;
      while (bucket < buckets.length - 1 && (left -= buckets[bucket]) > 0) {
        bucket++;
      }
      return count == 0 ? 0 : Math.exp((bucket + 1) * STEP) / 1e3;
    }
  }

  /** The resident memory of a process, in MB. */
  private static final class Resident {
    private final Path status;
    private int last;
    private int most;

    Resident(String pid) {
      status = Path.of("/proc", pid, "status");
    }

    /** Reads the memory again; returns false if the process has exited. */
    synchronized boolean sample() {
      boolean alive = false;
      try {
        for (String line : Files.readAllLines(status)) {
          String[] parts = line.split("\\s+");
          if (parts[0].equals("VmRSS:")) {
            alive = true;
            last = Integer.parseInt(parts[1]) / 1024;
          } else if (parts[0].equals("VmHWM:")) {
            // the kernel's maximum, which includes peaks between two samples
            most = Math.max(most, Integer.parseInt(parts[1]) / 1024);
          }
        }
      } catch (IOException ended) {
        return false;
      }
      most = Math.max(most, last);
      return alive;
    }
  }

  private final ExecutorService threads =
      Executors.newFixedThreadPool(
          4,
          task -> {
            Thread thread = new Thread(task);
            thread.setDaemon(true);
            return thread;
          });
  private final HttpClient client =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).executor(threads).build();
  private final String url;
  private final Resident resident;
  private final int repositories;
  private final Set<String> failures = new TreeSet<>();
  private final Set<String> samples = ConcurrentHashMap.newKeySet();

  private Load(String url, String pid, int repositories) {
    this.url = url;
    this.resident = new Resident(pid);
    this.repositories = repositories;
  }

  public static void main(String[] args) throws Exception {
    Load load = new Load(args[1], args[2], Integer.parseInt(args[3]));
    if (args[0].equals("large")) {
      load.large();
    } else {
      load.mixed(Integer.parseInt(args[4]), Integer.parseInt(args[5]), args[6], Path.of(args[7]));
    }
    load.samples.forEach(sample -> System.out.println("Wrong: " + sample));
    load.failures.forEach(failure -> System.out.println("FAILED: " + failure));
    System.out.println(load.failures.isEmpty() ? "Passed." : "Failed.");
    System.exit(load.failures.isEmpty() ? 0 : 1);
  }

  // --- requests

  private HttpRequest.Builder request(String target) {
    return HttpRequest.newBuilder(URI.create(url + target));
  }

  private Ask get(String target, int items, String... fields) {
    HttpRequest.Builder request = request(target);
    return new Ask((fields.length == 0 ? request : request.headers(fields)).build(), items);
  }

  private Ask page(int perPage) {
    int page = 1 + RANDOM.nextInt((repositories + perPage - 1) / perPage);
    int items = Math.min(perPage, repositories - (page - 1) * perPage);
    return get(REPOS + "?per_page=" + perPage + "&page=" + page, items);
  }

  private Ask view() {
    String[] views = {"forks", "last_updated", "open_issues", "stars", "watchers"};
    int rows = List.of(5, 10, 50).get(RANDOM.nextInt(3));
    String order = RANDOM.nextBoolean() ? "top" : "bottom";
    return get("/view/" + order + "/" + rows + "/" + views[RANDOM.nextInt(views.length)], rows);
  }

  /** Each URL belongs to one caller, so that 50,000 responses are stored; one URL in four was used recently. */
  private Supplier<Ask> forwards(List<String> names, int callers) {
    int[] lately = new int[100];
    return () -> {
      int place = RANDOM.nextInt(lately.length);
      int number = RANDOM.nextInt(4) == 0 ? lately[place] : RANDOM.nextInt(URLS);
      lately[place] = number;
      String repository = "/repos/" + names.get(number % names.size());
      String caller = "token caller-" + (1 + number % callers);
      return switch (number / names.size() % 3) {
        case 0 -> get(repository + "?soak=" + number, OBJECT, "Authorization", caller);
        case 1 -> get(repository + "/readme?soak=" + number, OBJECT, "Authorization", caller);
        default -> get(repository + "/issues?soak=" + number, ARRAY, "Authorization", caller);
      };
    };
  }

  /** One write in eight opens an issue, the others edit one. */
  private Supplier<Ask> writes(List<String> names, int callers) {
    return () -> {
      boolean opens = RANDOM.nextInt(8) == 0;
      // the first forty repositories have enough issues
      String issues = "/repos/" + names.get(RANDOM.nextInt(Math.min(40, names.size()))) + "/issues";
      String body = "{\"title\":\"Soak\",\"body\":\"" + "x".repeat(RANDOM.nextInt(2_000)) + "\"}";
      HttpRequest request =
          request(opens ? issues : issues + "/" + (1 + RANDOM.nextInt(30)))
              .method(opens ? "POST" : "PATCH", BodyPublishers.ofString(body))
              .headers("Authorization", "token caller-" + (1 + RANDOM.nextInt(callers)))
              .headers("Content-Type", "application/json")
              .build();
      return new Ask(request, OBJECT);
    };
  }

  private Supplier<Ask> events(String secret) {
    String[] events = {"star", "push", "repository", "member", "issues", "workflow_job"};
    return () -> {
      byte[] body =
          ("{\"action\":\"edited\",\"filler\":\"" + "x".repeat(5_000 + RANDOM.nextInt(10_000)) + "\"}").getBytes(UTF_8);
      HttpRequest request =
          request("/webhook/github")
              .POST(BodyPublishers.ofByteArray(body))
              .headers("Content-Type", "application/json", "X-GitHub-Event", events[RANDOM.nextInt(events.length)])
              .headers("X-GitHub-Delivery", UUID.randomUUID().toString())
              .headers("X-Hub-Signature-256", "sha256=" + hmac(secret, body))
              .build();
      return new Ask(request, OBJECT);
    };
  }

  private static String hmac(String secret, byte[] body) {
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(secret.getBytes(UTF_8), "HmacSHA256"));
      return HexFormat.of().formatHex(mac.doFinal(body));
    } catch (GeneralSecurityException impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  // --- checks

  /** Reads a JSON document to its end, and returns the number of items of its array, or OBJECT. */
  private static int items(InputStream content) throws IOException {
    try (JsonParser parser = JSON.createParser(content)) {
      JsonToken first = parser.nextToken();
      if (first == JsonToken.START_OBJECT) {
        parser.skipChildren();
        end(parser);
        return OBJECT;
      } else if (first != JsonToken.START_ARRAY) {
        throw new IOException("neither an object nor an array");
      }
      int items = 0;
      for (JsonToken token = parser.nextToken(); token != JsonToken.END_ARRAY; token = parser.nextToken()) {
        if (token == null) {
          throw new IOException("the array does not end");
        }
        items++;
        parser.skipChildren();
      }
      end(parser);
      return items;
    }
  }

  private static void end(JsonParser parser) throws IOException {
    if (parser.currentToken() == null || parser.nextToken() != null) {
      throw new IOException("there is content after the JSON value, or none");
    }
  }

  private static void check(Ask ask, HttpResponse<byte[]> answer) throws IOException {
    InputStream content = new ByteArrayInputStream(answer.body());
    if (answer.headers().firstValue("Content-Encoding").filter("gzip"::equals).isPresent()) {
      content = new GZIPInputStream(content);
    }
    int items = items(content);
    if (ask.items() == ARRAY ? items < 0 : items != ask.items()) {
      throw new IOException(items + " items instead of " + ask.items());
    }
  }

  /** Returns the failure and its causes in one line. */
  private static String reason(Throwable failure) {
    Set<String> messages = new LinkedHashSet<>();
    for (Throwable each = failure; each != null; each = each.getCause()) {
      if (each instanceof JsonProcessingException malformed) {
        messages.add(malformed.getOriginalMessage());
      } else if (!(each instanceof CompletionException)) {
        messages.add(each.getMessage() == null ? each.getClass().getSimpleName() : each.getMessage());
      }
    }
    return String.join(": ", messages).replaceAll("\\s+", " ");
  }

  // --- mixed load

  private void mixed(int seconds, int callers, String secret, Path file) throws Exception {
    List<String> names = new ArrayList<>();
    byte[] list = client.send(request(REPOS).build(), BodyHandlers.ofByteArray()).body();
    new ObjectMapper().readTree(list).forEach(each -> names.add(each.path("full_name").asText()));
    if (names.size() != repositories) {
      failures.add("the list has " + names.size() + " repositories before the load, not " + repositories);
      return;
    }

    Kind[] conditional = new Kind[1];
    conditional[0] =
        new Kind(
            "list, conditional",
            40,
            10,
            () -> {
              String tag = conditional[0].entityTag;
              String[] known = tag == null ? new String[] {"Accept-Encoding", "gzip"}
                  : new String[] {"Accept-Encoding", "gzip", "If-None-Match", tag};
              return get(REPOS, repositories, known);
            });
    List<Kind> kinds =
        List.of(
            new Kind("list, gzip", 60, 20, () -> get(REPOS, repositories, "Accept-Encoding", "gzip")),
            new Kind("list, identity", 10, 1, () -> get(REPOS, repositories)),
            conditional[0],
            new Kind("page of 30", 60, 10, () -> page(30)),
            new Kind("page of 100", 60, 10, () -> page(100)),
            new Kind("view", 60, 10, this::view),
            new Kind("organization", 30, 10, () -> get("/orgs/Netflix", OBJECT)),
            new Kind("forward", 100, 10, forwards(names, callers)),
            new Kind("write", 10, 1, writes(names, callers)),
            new Kind("webhook", 3, 1, events(secret)));

    Semaphore free = new Semaphore(MAX_IN_FLIGHT);
    Set<String> versions = new TreeSet<>();
    boolean alive = resident.sample();
    long start = System.nanoTime();
    long[] before = new long[Column.values().length];
    try (PrintWriter log = new PrintWriter(Files.newBufferedWriter(file))) {
      log.println("second\tresident MB\t" + titles("\t"));
      for (int second = 0; second < seconds && alive; ) {
        long elapsed = System.nanoTime() - start;
        for (int i = 0; i < kinds.size(); i++) {
          Kind kind = kinds.get(i);
          // spreads kinds of the same rate over time
          double offset = (double) i / kinds.size();
          for (long due; (due = due((kind.due + offset) / kind.perSecond)) <= elapsed; kind.due++) {
            if (free.tryAcquire()) {
              send(kind, start + due, free);
            }
          }
        }
        if (elapsed >= (second + 1) * 1_000_000_000L) {
          second++;
          alive = resident.sample();
          long[] now = total(kinds);
          log.print(second + "\t" + resident.last);
          for (int i = 0; i < now.length; i++) {
            log.print("\t" + (now[i] - before[i]));
          }
          log.println();
          log.flush();
          before = now;
          versions.add(String.valueOf(conditional[0].entityTag));
          if (second % 60 == 0) {
            System.out.printf(
                "minute %d: %d MB resident, %d MB peak; responses so far: %s%n",
                second / 60, resident.last, resident.most, columns(now));
          }
        }
        TimeUnit.MILLISECONDS.sleep(3);
      }
    }
    boolean quiet = free.tryAcquire(MAX_IN_FLIGHT, alive ? ANSWER_SECONDS + 5 : 5, TimeUnit.SECONDS);
    alive &= resident.sample();
    if (!quiet) {
      failures.add("requests were still without a response at the end");
    }
    report(kinds, alive, versions.size(), (System.nanoTime() - start) / 1e9);
  }

  /**
   * Returns when a request is due, in nanoseconds after the start, given its due time in seconds at the full rate. For
   * RAMP_SECONDS the rate grows linearly from 0, because a JVM is slow after its start.
   */
  private static long due(double seconds) {
    double ramp = RAMP_SECONDS;
    double time = seconds < ramp / 2 ? Math.sqrt(2 * ramp * seconds) : seconds + ramp / 2;
    return (long) (time * 1e9);
  }

  private void send(Kind kind, long due, Semaphore free) {
    Ask ask = kind.next.get();
    boolean checked = kind.sent++ % kind.checkOneIn == 0;
    client
        .sendAsync(
            ask.request(),
            info -> checked ? BodySubscribers.ofByteArray() : BodySubscribers.replacing(null))
        .orTimeout(ANSWER_SECONDS, TimeUnit.SECONDS)
        .whenCompleteAsync(
            (answer, failure) -> {
              kind.latencies.add(System.nanoTime() - due);
              free.release();
              count(kind, ask, answer, failure);
            },
            threads);
  }

  private void count(Kind kind, Ask ask, HttpResponse<byte[]> answer, Throwable failure) {
    String wrong = failure == null ? null : reason(failure);
    if (answer != null) {
      Column column = Column.of(answer.statusCode());
      synchronized (kind) {
        kind.columns[column.ordinal()]++;
      }
      answer.headers().firstValue("ETag").ifPresent(tag -> kind.entityTag = tag);
      if (column == Column.OK && answer.body() != null) {
        try {
          check(ask, answer);
        } catch (IOException e) {
          wrong = reason(e);
        }
      } else if (column != Column.OK && column != Column.NOT_MODIFIED) {
        sample(kind, ask, "status " + answer.statusCode());
      }
    }
    if (wrong != null) {
      synchronized (kind) {
        kind.columns[Column.FAILED.ordinal()]++;
      }
      sample(kind, ask, wrong);
    }
  }

  private void sample(Kind kind, Ask ask, String wrong) {
    if (samples.size() < 10) {
      String query = ask.request().uri().getRawQuery();
      String target = ask.request().uri().getRawPath() + (query == null ? "" : "?" + query);
      samples.add(kind.name + ", " + ask.request().method() + " " + target + ": " + wrong);
    }
  }

  private static long[] total(List<Kind> kinds) {
    long[] total = new long[Column.values().length];
    for (Kind kind : kinds) {
      synchronized (kind) {
        Arrays.setAll(total, i -> total[i] + kind.columns[i]);
      }
    }
    return total;
  }

  private static String titles(String separator) {
    List<String> titles = new ArrayList<>();
    for (Column column : Column.values()) {
      titles.add(column.title);
    }
    return String.join(separator, titles);
  }

  private static String columns(long[] counts) {
    List<String> parts = new ArrayList<>();
    for (Column column : Column.values()) {
      parts.add(counts[column.ordinal()] + " " + column.title);
    }
    return String.join(", ", parts);
  }

  private void report(List<Kind> kinds, boolean alive, int versions, double seconds) {
    System.out.printf("%n| kind | requests | %s | not sent | p50, ms | p99, ms |%n", titles(" | "));
    System.out.println("| --- " + "| --- ".repeat(Column.values().length + 4) + "|");
    long requests = 0;
    long due = 0;
    for (Kind kind : kinds) {
      StringBuilder row = new StringBuilder("| " + kind.name + " | " + kind.sent);
      for (long count : kind.columns) {
        row.append(" | ").append(count);
      }
      row.append(" | ").append(kind.due - kind.sent);
      System.out.printf(
          "%s | %.1f | %.1f |%n", row, kind.latencies.percentile(0.5), kind.latencies.percentile(0.99));
      requests += kind.sent;
      due += kind.due;
    }
    long[] total = total(kinds);
    System.out.printf(
        "%nResident memory: %d MB peak, %d MB at the end. %.0f requests per second, %.0f s, %d versions of the list.%n",
        resident.most, resident.last, requests / seconds, seconds, versions);
    if (requests < due) {
      System.out.printf("%d requests were not sent, because %d were in flight.%n", due - requests, MAX_IN_FLIGHT);
    }
    if (!alive) {
      failures.add("the service exited");
    }
    if (resident.most > MAX_RESIDENT_MB) {
      failures.add(resident.most + " MB resident, limit " + MAX_RESIDENT_MB);
    }
    for (Column column : List.of(Column.CLIENT_ERROR, Column.UNAVAILABLE, Column.OTHER, Column.FAILED)) {
      long count = total[column.ordinal()];
      if (count > 0) {
        failures.add(count + " responses: " + column.title);
      }
    }
    if (versions < 2) {
      failures.add("the list did not change");
    }
  }

  // --- a large list

  private record Read(int status, int items, long bytes, double seconds, String failure) {}

  private void large() throws Exception {
    long start = System.nanoTime();
    List<Future<Read>> readers = new ArrayList<>();
    ExecutorService reading = Executors.newFixedThreadPool(LARGE_READERS);
    for (int i = 0; i < LARGE_READERS; i++) {
      readers.add(reading.submit(this::read));
    }
    reading.shutdown();
    resident.sample();
    int before = resident.last;
    while (!reading.awaitTermination(100, TimeUnit.MILLISECONDS)) {
      resident.sample();
      if (System.nanoTime() - start > TimeUnit.SECONDS.toNanos(300)) {
        failures.add("a reader did not finish within 300 seconds");
        reading.shutdownNow();
        break;
      }
    }
    System.out.println("| reader | status | items | MB | seconds | failure |");
    System.out.println("| --- | --- | --- | --- | --- | --- |");
    int number = 0;
    for (Future<Read> reader : readers) {
      number++;
      if (!reader.isDone()) {
        continue;
      }
      Read read = reader.get();
      System.out.printf(
          "| %d | %d | %d | %.1f | %.1f | %s |%n",
          number, read.status(), read.items(), read.bytes() / 1e6, read.seconds(), read.failure());
      if (!read.failure().isEmpty() || read.status() != 200 || read.items() != repositories) {
        failures.add("reader " + number + " did not get a whole array of " + repositories + " items");
      }
    }
    // the service may still be exiting after a truncated response
    TimeUnit.SECONDS.sleep(1);
    boolean alive = resident.sample();
    System.out.printf(
        "%nResident memory: %d MB before, %d MB peak, %d MB at the end. %.1f s.%n",
        before, resident.most, resident.last, (System.nanoTime() - start) / 1e9);
    if (!alive) {
      failures.add("the service exited");
    }
  }

  private Read read() {
    long start = System.nanoTime();
    long[] bytes = {0};
    int status = 0;
    int items = 0;
    String failure = "";
    try {
      HttpRequest request = request(REPOS).timeout(Duration.ofSeconds(120)).build();
      HttpResponse<InputStream> answer = client.send(request, BodyHandlers.ofInputStream());
      status = answer.statusCode();
      try (InputStream content = answer.body()) {
        items =
            items(
                new FilterInputStream(content) {
                  @Override
                  public int read(byte[] buffer, int offset, int length) throws IOException {
                    int count = super.read(buffer, offset, length);
                    bytes[0] += Math.max(0, count);
                    return count;
                  }
                });
      }
    } catch (IOException | InterruptedException e) {
      failure = reason(e);
    }
    return new Read(status, items, bytes[0], (System.nanoTime() - start) / 1e9, failure);
  }
}
