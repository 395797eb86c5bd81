package io.github.camelrestcache;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;

/** Sends bytes as they are, for what no client library would send. */
final class RawHttp {

  private RawHttp() {}

  /** A request with these lines and an empty one, on a connection that is closed afterwards. */
  static String request(int port, String... lines) {
    return send(port, String.join("\r\n", lines) + "\r\nConnection: close\r\n\r\n");
  }

  /** All that comes back until the other side closes, or is silent for five seconds. */
  static String send(int port, String text) {
    ByteArrayOutputStream answer = new ByteArrayOutputStream();
    try (Socket socket = new Socket("127.0.0.1", port)) {
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
}
