package io.github.camelrestcache;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import javax.net.SocketFactory;

/** Sends raw bytes over a socket, for requests that no client library would send. */
final class RawHttp {

  private RawHttp() {}

  /** Sends these lines, Connection: close and an empty line, and returns the response. */
  static String request(int port, String... lines) {
    return send(port, String.join("\r\n", lines) + "\r\nConnection: close\r\n\r\n");
  }

  /** Returns everything received until the peer closes or is silent for five seconds. */
  static String send(int port, String text) {
    return send(SocketFactory.getDefault(), port, text);
  }

  /** The same, with sockets of this factory, such as one for TLS. */
  static String send(SocketFactory sockets, int port, String text) {
    ByteArrayOutputStream answer = new ByteArrayOutputStream();
    try (Socket socket = sockets.createSocket("127.0.0.1", port)) {
      socket.setSoTimeout(5000);
      socket.getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
      InputStream in = socket.getInputStream();
      byte[] chunk = new byte[8192];
      for (int count = in.read(chunk); count >= 0; count = in.read(chunk)) {
        answer.write(chunk, 0, count);
      }
    } catch (SocketTimeoutException e) {
      answer.writeBytes("<silence>".getBytes(StandardCharsets.ISO_8859_1));
    } catch (IOException e) {
      answer.writeBytes("<reset>".getBytes(StandardCharsets.ISO_8859_1));
    }
    String all = answer.toString(StandardCharsets.ISO_8859_1);
    Leaks.look("the answer", all);
    return all;
  }

  /** Sends bytes so many times from a thread of its own, until the peer closes. */
  static Thread sendMany(Socket socket, byte[] bytes, int times) {
    Thread sender =
        new Thread(
            () -> {
              try {
                for (int i = 0; i < times; i++) {
                  socket.getOutputStream().write(bytes);
                }
              } catch (IOException e) {
                // the test notices what the peer does not receive
              }
            });
    sender.start();
    return sender;
  }
}
