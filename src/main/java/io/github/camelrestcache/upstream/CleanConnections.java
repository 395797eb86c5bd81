package io.github.camelrestcache.upstream;

import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.net.Socket;
import org.apache.hc.client5.http.impl.io.ManagedHttpClientConnectionFactory;
import org.apache.hc.client5.http.io.ManagedHttpClientConnection;
import org.apache.hc.core5.http.io.HttpConnectionFactory;
import org.apache.hc.core5.util.Identifiable;
import org.apache.hc.core5.util.Timeout;

/**
 * Makes connections with unread bytes stale. The library would take bytes after the end of an
 * answer for the answer to the next request, which may be another caller's (RFC 9112 9.2).
 */
record CleanConnections(ManagedHttpClientConnectionFactory library)
    implements HttpConnectionFactory<ManagedHttpClientConnection> {

  private static final Timeout LOOK = Timeout.ofMilliseconds(1);

  @Override
  public ManagedHttpClientConnection createConnection(Socket socket) throws IOException {
    ManagedHttpClientConnection connection = library.createConnection(socket);
    return (ManagedHttpClientConnection)
        Proxy.newProxyInstance(
            ManagedHttpClientConnection.class.getClassLoader(),
            new Class<?>[] {ManagedHttpClientConnection.class, Identifiable.class},
            (proxy, method, arguments) -> {
              try {
                return method.getName().equals("isStale")
                    ? isStale(connection)
                    : method.invoke(connection, arguments);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }

  /** Whether the connection has unread bytes, or has ended. */
  private static boolean isStale(ManagedHttpClientConnection connection) throws IOException {
    long since = System.nanoTime();
    try {
      if (connection.isDataAvailable(LOOK)) {
        return true;
      }
    } catch (IOException e) {
      return true;
    }
    // if nothing came during all of that time, it is open; the library would wait as long again
    return System.nanoTime() - since < LOOK.toNanoseconds() && connection.isStale();
  }
}
