package io.github.camelrestcache.store;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/** A proxy of a local port. Each connection sends at most 6 MB per second to the client. */
final class SlowLink implements AutoCloseable {

  private static final int CHUNK = 64 * 1024;
  private static final long TICK_MILLIS = 10;

  private final ScheduledExecutorService clock = Executors.newScheduledThreadPool(4);
  private final ServerSocket listener;
  private final int target;

  SlowLink(int target) throws IOException {
    this.target = target;
    listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    Thread accepting = new Thread(this::accept, "slow-link");
    accepting.setDaemon(true);
    accepting.start();
  }

  int port() {
    return listener.getLocalPort();
  }

  private void accept() {
    while (!listener.isClosed()) {
      try {
        Socket client = listener.accept();
        Socket server = new Socket(InetAddress.getLoopbackAddress(), target);
        Thread requests = new Thread(() -> copy(client, server));
        requests.setDaemon(true);
        requests.start();
        InputStream answers = server.getInputStream();
        OutputStream out = client.getOutputStream();
        clock.scheduleAtFixedRate(
            () -> carry(answers, out), TICK_MILLIS, TICK_MILLIS, TimeUnit.MILLISECONDS);
      } catch (IOException e) {
        // closed, or the next connection
      }
    }
  }

  private static void copy(Socket client, Socket server) {
    try (client;
        server) {
      client.getInputStream().transferTo(server.getOutputStream());
    } catch (IOException e) {
      // one side has closed it
    }
  }

  private static void carry(InputStream answers, OutputStream client) {
    try {
      client.write(answers.readNBytes(Math.min(CHUNK, answers.available())));
    } catch (IOException e) {
      throw new UncheckedIOException(e); // ends the task
    }
  }

  @Override
  public void close() throws IOException {
    listener.close();
    clock.shutdownNow();
  }
}
