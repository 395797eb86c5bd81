package io.github.camelrestcache.catalog;

import io.github.camelrestcache.base.BadConfiguration;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.camel.CamelContext;
import org.apache.camel.model.RouteDefinition;
import org.apache.camel.util.URISupport;

/**
 * A Kamelet at the start of a route.
 *
 * @param given the parameters
 * @param written the parameters before placeholders are resolved
 * @param source file and line
 */
record Kamelet(String name, Map<String, String> given, Map<String, String> written, String source) {

  static Kamelet of(CamelContext context, RouteDefinition route, String source) {
    String uri = route.getInput() == null ? null : route.getInput().getEndpointUri();
    if (uri == null || !uri.startsWith("kamelet:")) {
      return null;
    }
    String resolved;
    try {
      resolved = context.resolvePropertyPlaceholders(uri.replace("kamelet://", "kamelet:"));
    } catch (IllegalArgumentException e) {
      throw new BadConfiguration(source + ": " + BadConfiguration.sentence(e));
    }
    String name = resolved.substring("kamelet:".length()).replaceFirst("[/?].*", "");
    return new Kamelet(name, parameters(resolved, source), parameters(uri, source), source);
  }

  private static Map<String, String> parameters(String uri, String source) {
    Map<String, String> parameters = new LinkedHashMap<>();
    int query = uri.indexOf('?');
    try {
      if (query >= 0) {
        URISupport.parseQuery(uri.substring(query + 1))
            .forEach((key, value) -> parameters.put(key, String.valueOf(value)));
      }
    } catch (Exception e) {
      throw new BadConfiguration(source + ": the parameters cannot be read: " + e.getMessage());
    }
    return parameters;
  }

  /** A parameter as written, with {@code {org}} for the placeholder {@code github.org}. */
  String template(String parameter) {
    return written.get(parameter).replaceAll("\\{\\{(?:[^{}:]*\\.)?([^{}.:]+)[^{}]*}}", "{$1}");
  }

  void fillIn(String parameter, String value) {
    if (value != null) {
      given.putIfAbsent(parameter, value);
    }
  }

  String parameter(String parameter, String allowed, String pattern) {
    String value = given.get(parameter);
    if (value == null || !value.matches(pattern)) {
      throw refuse(parameter, value, allowed);
    }
    return value;
  }

  BadConfiguration refuse(String parameter, String value, String allowed) {
    return new BadConfiguration(
        "%s: the parameter '%s' of the Kamelet %s is %s, but must be %s"
            .formatted(
                source, parameter, name, value == null ? "missing" : "'" + value + "'", allowed));
  }
}
