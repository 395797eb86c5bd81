import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import org.kohsuke.github.GHFileNotFoundException;
import org.kohsuke.github.GHIssue;
import org.kohsuke.github.GHRepository;
import org.kohsuke.github.GitHub;
import org.kohsuke.github.GitHubBuilder;

/** hub4j (org.kohsuke:github-api), by TLS. Only its endpoint and the token are set. */
public final class Hub4j {

  private static void check(boolean holds, Object seen) {
    if (!holds) {
      throw new AssertionError(seen);
    }
  }

  private static long asked(String request) throws Exception {
    URI log = URI.create(System.getenv("GITHUB") + "/-/requests");
    HttpRequest get = HttpRequest.newBuilder(log).build();
    String lines = HttpClient.newHttpClient().send(get, BodyHandlers.ofString()).body();
    return lines.lines().filter(line -> line.matches(request + "[ ?].*")).count();
  }

  public static void main(String[] args) throws Exception {
    URI jar = GitHub.class.getProtectionDomain().getCodeSource().getLocation().toURI();
    System.out.println(Path.of(jar).getFileName());
    String service = System.getenv("SERVICE");
    String name = "Netflix/" + System.getenv("REPO");
    GitHub client =
        new GitHubBuilder().withEndpoint(service).withOAuthToken(System.getenv("TOKEN")).build();
    Set<String> names = new HashSet<>();
    client.getOrganization("Netflix").listRepositories(40).forEach(r -> names.add(r.getName()));
    check(names.size() == 150, names);
    check(asked("GET /orgs/Netflix/repos") == 0, "asked for the stored list");

    GHRepository repo = client.getRepository(name);
    check(client.getRepository(name).getId() == repo.getId(), repo);
    check(asked("GET /repos/" + name) == 1, "asked twice");
    check(repo.getUrl().toString().equals(service + "/repos/" + name), repo.getUrl());
    GHIssue issue = repo.createIssue("A title").create();
    issue.close(); // at the URL in the JSON of the issue
    check(asked("PATCH /repos/" + name + "/issues/" + issue.getNumber()) == 1, "not closed");

    try {
      new GitHubBuilder().withEndpoint(service + "/view/top/5").build().getMeta();
      check(false, "no error");
    } catch (GHFileNotFoundException e) {
      check(e.getMessage().contains("the views are forks, last_updated"), e);
    }
  }
}
