package io.github.camelrestcache;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The allowed dependencies between packages and on library internals. */
class ArchitectureTest {

  private static final Path ROOT = Path.of("src/main/java/io/github/camelrestcache");
  private static final int MAX_LINES = 300;

  /** From the bottom up: a package may only use packages before it. */
  private static final List<String> LAYERS =
      List.of(
          "base",
          "catalog",
          "store",
          "upstream",
          "view",
          "refresh",
          "cache",
          "serve",
          "http",
          "webhook",
          "app");

  /** The only classes that may use Netty, Vert.x internals or reflection. */
  private static final Set<String> MAY_USE_INTERNALS =
      Set.of("http/Http1Pipeline", "serve/Content", "upstream/CleanConnections");

  private static final Pattern OURS =
      Pattern.compile("io\\.github\\.camelrestcache\\.([a-z]+)\\.[A-Z]");

  private static final Pattern INTERNAL =
      Pattern.compile("\\b(io\\.netty\\.|io\\.vertx\\.[\\w.]*\\bimpl\\.|java\\.lang\\.reflect\\.)");

  /** The product's sources by package and class. */
  private static Map<String, String> sources() {
    return sources(ROOT);
  }

  private static Map<String, String> sources(Path root) {
    try (Stream<Path> files = Files.walk(root)) {
      Map<String, String> sources = new TreeMap<>();
      for (Path file : files.filter(each -> each.toString().endsWith(".java")).toList()) {
        String name = root.relativize(file).toString().replaceAll("\\.java$", "");
        sources.put(name, Files.readString(file));
      }
      assertThat(sources).hasSizeGreaterThan(50);
      return sources;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The packages that a source uses, by imports or fully qualified names. */
  private static Set<String> used(String source) {
    return OURS.matcher(source)
        .results()
        .map((MatchResult use) -> use.group(1))
        .collect(Collectors.toCollection(TreeSet::new));
  }

  private static List<String> upward(String name, String source) {
    String own = name.replaceFirst("/.*", "");
    return used(source).stream()
        .filter(each -> LAYERS.indexOf(each) > LAYERS.indexOf(own))
        .map(each -> name + " uses " + each)
        .toList();
  }

  private static boolean isInternal(String name, String source) {
    return INTERNAL.matcher(source).find() && !MAY_USE_INTERNALS.contains(name);
  }

  @Test
  void everyPackageHasALayer() {
    assertThat(sources().keySet())
        .allSatisfy(name -> assertThat(LAYERS).contains(name.replaceFirst("/.*", "")));
  }

  @Test
  void packagesUseOnlyLowerLayers() {
    assertThat(upward("base/A", "import io.github.camelrestcache.store.Near;")).isNotEmpty();
    assertThat(upward("store/A", "io.github.camelrestcache.http.Door door;")).isNotEmpty();
    assertThat(sources().entrySet())
        .flatExtracting(each -> upward(each.getKey(), each.getValue()))
        .isEmpty();
  }

  @Test
  void onlyThreeClassesUseLibraryInternals() {
    assertThat(isInternal("http/Door", "import io.netty.channel.Channel;")).isTrue();
    assertThat(isInternal("http/Door", "import io.vertx.core.net.impl.ConnectionBase;")).isTrue();
    assertThat(isInternal("base/A", "java.lang.reflect.Proxy.newProxyInstance()")).isTrue();
    assertThat(isInternal("http/Door", "import io.vertx.core.http.HttpServer;")).isFalse();
    assertThat(sources().entrySet())
        .filteredOn(each -> isInternal(each.getKey(), each.getValue()))
        .extracting(Map.Entry::getKey)
        .isEmpty();
  }

  @Test
  void filesHaveAtMost300Lines() {
    assertThat(sources(Path.of("src")).entrySet())
        .filteredOn(each -> each.getValue().lines().count() > MAX_LINES)
        .extracting(Map.Entry::getKey)
        .isEmpty();
  }
}
