package io.github.camelrestcache.standin;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.github.camelrestcache.standin.GitHubData.Repository;
import java.io.UncheckedIOException;
import java.util.Base64;
import java.util.Locale;

/** What every repository has in Git: the branch main, the tag 1.0.0, and a composer.json. */
final class GitFiles {
  private static final String COMMIT = "6dcb09b5b57875f334f61aebed695e2e4193db5e";

  private static final String HEADS =
      """
      [{"ref":"refs/heads/main","node_id":"REF_main","url":"$url/git/refs/heads/main",
        "object":{"sha":"$sha","type":"commit","url":"$url/git/commits/$sha"}}]\
      """;

  private static final String TAGS =
      """
      [{"name":"1.0.0","zipball_url":"$url/zipball/refs/tags/1.0.0",
        "tarball_url":"$url/tarball/refs/tags/1.0.0",
        "commit":{"sha":"$sha","url":"$url/commits/$sha"},"node_id":"REF_1.0.0"}]\
      """;

  private static final String COMMITTED =
      """
      {"sha":"$sha","node_id":"C_1","url":"$url/commits/$sha",
       "commit":{"author":{"name":"Octo Cat","date":"2025-06-01T12:30:00Z"},
       "committer":{"name":"Octo Cat","date":"2025-06-01T12:30:00Z"},"message":"First"}}\
      """;

  private static final String COMPOSER =
      """
      {"name":"composer.json","path":"composer.json","url":"$url/contents/composer.json",
       "type":"file","encoding":"base64","content":"$content"}\
      """;

  private GitFiles() {}

  /** Answers a path below a repository, or returns null. */
  static Answer answer(Repository repository, String path) {
    String template =
        switch (path) {
          case "git/refs/heads" -> HEADS;
          case "tags" -> TAGS;
          case "commits/main", "commits/" + COMMIT -> COMMITTED;
          case "contents/composer.json" -> COMPOSER;
          default -> null;
        };
    if (template == null) {
      return null;
    }
    String name = repository.json().path("full_name").asText();
    String file = "{\"name\":\"%s\"}".formatted(name.toLowerCase(Locale.ROOT));
    String text =
        template
            .replace("$url", "https://api.github.com/repos/" + name)
            .replace("$sha", COMMIT)
            .replace("$content", Base64.getEncoder().encodeToString(file.getBytes(UTF_8)));
    try {
      return Answer.json(200, GitHubJson.MAPPER.readTree(text));
    } catch (JsonProcessingException wrongTemplate) {
      throw new UncheckedIOException(wrongTemplate);
    }
  }
}
