package io.github.camelrestcache;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs the launcher script with a {@code java} that prints its arguments. */
class LauncherTest {

  @TempDir private Path temp;

  private Path folder;
  private Path launcher;

  @BeforeEach
  void install() throws IOException {
    folder = Files.createDirectories(temp.toRealPath().resolve("the app"));
    launcher = folder.resolve("camel-rest-cache");
    Files.copy(Path.of("src/main/launcher/camel-rest-cache"), launcher);
    Path java = Files.createDirectories(folder.resolve("jdk/bin")).resolve("java");
    Files.writeString(java, "#!/bin/sh\nprintf '%s\\n' \"$@\"\n");
    assertThat(launcher.toFile().setExecutable(true)).isTrue();
    assertThat(java.toFile().setExecutable(true)).isTrue();
  }

  @Test
  void startsTheJarNextToIt() throws Exception {
    assertStartsTheJar(launcher);
    assertStartsTheJar(Path.of("the app/camel-rest-cache"));
  }

  @Test
  void followsSymbolicLinks() throws Exception {
    Path bin = Files.createDirectories(temp.resolve("usr/bin"));
    Path absolute = Files.createSymbolicLink(bin.resolve("absolute"), launcher);
    Path relative =
        Files.createSymbolicLink(
            folder.resolve("relative"), Path.of("../the app/camel-rest-cache"));
    Path toRelative =
        Files.createSymbolicLink(bin.resolve("to-relative"), Path.of("../../the app/relative"));
    Path chain = Files.createSymbolicLink(bin.resolve("chain"), Path.of("to-relative"));
    Path throughFolder =
        Files.createSymbolicLink(temp.resolve("current"), Path.of("usr")).resolve("bin/chain");

    for (Path link : new Path[] {absolute, relative, toRelative, chain, throughFolder}) {
      assertStartsTheJar(link);
    }
    assertStartsTheJar(Path.of("usr/bin/chain"));
  }

  private void assertStartsTheJar(Path command) throws Exception {
    ProcessBuilder builder =
        new ProcessBuilder(command.toString(), "-Xmx300m")
            .directory(temp.toFile())
            .redirectErrorStream(true);
    builder.environment().put("JAVA_HOME", folder.resolve("jdk").toString());
    Process process = builder.start();
    String output =
        new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    assertThat(process.waitFor()).as(output).isZero();
    assertThat(output)
        .as(command.toString())
        .endsWith("\n-Xmx300m\n-jar\n" + folder.resolve("camel-rest-cache.jar"));
  }
}
