package io.github.camelrestcache;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.BiFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * The links, paths and names in all Markdown files. Each test checks our files against one rule,
 * and checks that the rule detects files that break it.
 */
class DocsTest {

  private static final Path ROOT = Path.of("").toAbsolutePath();
  private static final String HOME =
      "https://github.com/camelrestcache/camel-rest-cache/blob/main/";

  private static final Set<String> NOT_OURS = Set.of(".git", "target", "node_modules");
  private static final Pattern LINK = Pattern.compile("\\[[^\\[\\]]+]\\(([^()\\s]+)\\)");
  private static final Pattern CODE = Pattern.compile("`([^`]+)`");
  private static final Pattern FENCE = Pattern.compile("(?ms)^ *```.*?^ *```");
  private static final Pattern HEADING = Pattern.compile("(?m)^#+ (.+)$");
  private static final Pattern TEST = Pattern.compile("(\\w+Test)(?:\\.(\\w+))?");
  private static final Pattern NAME =
      Pattern.compile("[\\w-]+(\\.[\\w-]+)*\\.(md|ya?ml|xml|properties|java|sh|mjs|html|json)");
  private static final Pattern PATH = Pattern.compile("(\\.?[\\w-]+)(/[\\w.-]+)+/?");

  /** All files of the repository, relative to its root. */
  private static final Set<Path> FILES = files();

  private static final Map<String, String> OURS = documents();

  private static Set<Path> files() {
    Set<Path> files = new TreeSet<>();
    try {
      Files.walkFileTree(
          ROOT,
          new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes) {
              return NOT_OURS.contains(folder.getFileName().toString())
                  ? FileVisitResult.SKIP_SUBTREE
                  : FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
              files.add(ROOT.relativize(file));
              return FileVisitResult.CONTINUE;
            }
          });
    } catch (IOException e) {
      throw new AssertionError(e);
    }
    return files;
  }

  private static Map<String, String> documents() {
    Map<String, String> documents = new TreeMap<>();
    for (Path file : FILES) {
      if (file.toString().endsWith(".md")) {
        documents.put(file.toString().replace('\\', '/'), read(file));
      }
    }
    assertThat(documents).containsKeys("README.md", "docs/http.md", "test/bench/README.md");
    return documents;
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void linksLeadToFilesAndHeadings() {
    check(
        (file, text) ->
            find(LINK, FENCE.matcher(text).replaceAll(""))
                .filter(link -> !link.contains("://") || link.startsWith(HOME))
                .filter(link -> isBroken(file, link))
                .toList(),
        "[a](missing.md)",
        "[a](../README.md)",
        "[a](#missing)",
        "[a](docs/http.md#missing)",
        "[a](" + HOME + "docs/errors.md#missing)",
        "[a\nb](missing.md)");
  }

  private static boolean isBroken(String file, String link) {
    String[] parts = link.split("#", 2);
    Path at =
        link.startsWith(HOME)
            ? ROOT.resolve(parts[0].substring(HOME.length()))
            : ROOT.resolve(file).resolveSibling(parts[0]).normalize();
    if (parts[0].isEmpty()) {
      return !anchors(OURS.getOrDefault(file, "")).contains(parts[1]);
    }
    return !at.startsWith(ROOT)
        || !Files.exists(at)
        || parts.length == 2 && !anchors(read(at)).contains(parts[1]);
  }

  /** The anchors that GitHub makes of headings. */
  private static Set<String> anchors(String text) {
    Map<String, Integer> seen = new HashMap<>();
    return find(HEADING, FENCE.matcher(text).replaceAll(""))
        .map(each -> each.toLowerCase(Locale.ROOT).replaceAll("[^\\w\\- ]", "").replace(' ', '-'))
        .map(
            each -> {
              int before = seen.merge(each, 1, Integer::sum) - 1;
              return before == 0 ? each : each + "-" + before;
            })
        .collect(Collectors.toSet());
  }

  @Test
  void pathsAndFileNamesExist() {
    check(
        (file, text) ->
            words(text)
                .filter(word -> PATH.matcher(word).matches() || NAME.matcher(word).matches())
                .filter(word -> !isThere(file, word))
                .toList(),
        "`docs/missing.md`",
        "`routes/missing/`",
        "`missing.camel.yaml`",
        "`test/missing.sh -n 2000`",
        "`test/bench/missing`");
  }

  private static boolean isThere(String file, String word) {
    Matcher path = PATH.matcher(word);
    if (!path.matches()) {
      return FILES.stream().anyMatch(each -> each.getFileName().toString().equals(word));
    }
    // other paths are at GitHub, in the image, or are no files
    boolean isOurs = !NOT_OURS.contains(path.group(1)) && Files.isDirectory(Path.of(path.group(1)));
    return !isOurs
        || Files.exists(Path.of(word))
        || Files.exists(ROOT.resolve(file).resolveSibling(word));
  }

  @Test
  void testsExist() {
    check(
        (file, text) ->
            words(text)
                .filter(word -> TEST.matcher(word).matches())
                .filter(word -> !isTest(word))
                .toList(),
        "`MissingTest`",
        "`DocsTest.missing`");
  }

  private static boolean isTest(String word) {
    Matcher test = TEST.matcher(word);
    return test.matches()
        && FILES.stream()
            .filter(each -> each.getFileName().toString().equals(test.group(1) + ".java"))
            .anyMatch(each -> test.group(2) == null || read(each).contains(test.group(2) + "("));
  }

  @Test
  void linesAreShort() {
    check(
        (file, text) ->
            text.lines()
                .filter(line -> line.length() > 120 && !line.startsWith("|"))
                .filter(line -> !file.startsWith("test/"))
                .toList(),
        "x".repeat(121));
  }

  /** The words of inline and indented code, which fences with YAML and drawings are not. */
  private static Stream<String> words(String text) {
    String plain = FENCE.matcher(text).replaceAll("");
    Stream<String> indented = plain.lines().filter(line -> line.startsWith("    "));
    return Stream.concat(find(CODE, plain), indented)
        .flatMap(code -> Arrays.stream(code.strip().split("\\s+")));
  }

  private static Stream<String> find(Pattern pattern, String text) {
    return pattern.matcher(text).results().map(found -> found.group(1));
  }

  private static void check(BiFunction<String, String, List<String>> broken, String... badTexts) {
    Map<String, List<String>> found = new TreeMap<>();
    OURS.forEach((file, text) -> found.put(file, broken.apply(file, text)));
    found.values().removeIf(List::isEmpty);
    assertThat(found).isEmpty();
    for (String bad : badTexts) {
      assertThat(broken.apply("bad.md", bad)).as(bad).hasSize(1);
    }
  }
}
