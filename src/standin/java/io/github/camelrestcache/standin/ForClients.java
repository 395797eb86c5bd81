package io.github.camelrestcache.standin;

import io.vertx.core.http.HttpServerRequest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PublicKey;
import java.security.spec.X509EncodedKeySpec;
import java.util.Base64;
import java.util.stream.Collectors;

/**
 * Runs a stand-in for test/clients. It prints its address, which its JSON names too, as GitHub's
 * JSON names https://api.github.com. It knows the tokens service-token and demo-token, and the App
 * 4711 with the installation 815. GET /-/requests answers with one line for each request that it
 * got, {@code <method> <target> <Authorization or none>}. DELETE /-/requests forgets them.
 */
public final class ForClients {
  private static final String REQUESTS = "/-/requests";

  private ForClients() {}

  /**
   * Runs until it is killed.
   *
   * @param args a PEM file with the public key of the App
   * @throws Exception if the file contains no such key
   */
  public static void main(String[] args) throws Exception {
    GitHubStandIn github = GitHubStandIn.builder().limits(100_000, 100_000).build().start();
    Answer.Content.url = github.url();
    github.addToken("service-token", "robot");
    github.addToken("demo-token", "octocat", "repo");
    github.apps().install("4711", publicKey(Path.of(args[0])), "Netflix", 815);
    github.override(
        asked -> asked.path().equals(REQUESTS),
        (asked, request) -> requests(github, asked.method(), request));
    System.out.println(github.url());
    Thread.currentThread().join();
  }

  private static void requests(GitHubStandIn github, String method, HttpServerRequest request) {
    String lines =
        github.requests().stream()
            .filter(each -> !each.path().equals(REQUESTS))
            .map(each -> each.method() + ' ' + each.target() + ' ' + credential(each) + '\n')
            .collect(Collectors.joining());
    if (method.equals("DELETE")) {
      github.clearRequests();
    }
    request.response().end(lines);
  }

  private static String credential(Recorded asked) {
    String given = asked.header("Authorization");
    return given == null ? "none" : given;
  }

  private static PublicKey publicKey(Path pem) throws IOException, GeneralSecurityException {
    String text = Files.readString(pem).replaceAll("-----.*?-----", "");
    byte[] der = Base64.getMimeDecoder().decode(text);
    return KeyFactory.getInstance("RSA").generatePublic(new X509EncodedKeySpec(der));
  }
}
