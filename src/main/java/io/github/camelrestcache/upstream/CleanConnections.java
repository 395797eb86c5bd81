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
                Object result = method.invoke(connection, arguments);
                return method.getName().equals("isStale") && !(boolean) result
                    ? connection.isDataAvailable(LOOK)
                    : result;
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }
}
