// The app as a servlet in an embedded Tomcat. Says on which port it listens. The second connector lets connections idle for 2 ms.
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Base64;
import java.util.HexFormat;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.catalina.connector.Connector;
import org.apache.catalina.startup.Tomcat;

class Main {
    static final byte[] GZIP = Base64.getDecoder().decode("H4sIAAAAAAACA0vOzy0oSi0uTk1RSKpUKMlIVUhKTM5OzUvhAgBaLhqKGgAAAA==");
    static final String DIGITS = "0123456789";
    static final Pattern RANGE = Pattern.compile("bytes=(\\d+)-(\\d+)");

    public static void main(String[] arguments) throws Exception {
        var tomcat = new Tomcat();
        tomcat.setBaseDir(System.getenv("GATES"));
        var first = connector("1000");
        var second = connector("2");
        tomcat.setConnector(first);
        tomcat.getService().addConnector(second);
        var context = tomcat.addContext("", null);
        Tomcat.addServlet(context, "app", new App());
        context.addServletMappingDecoded("/*", "app");
        tomcat.start();
        System.out.println("quick to close: http://127.0.0.1:" + second.getLocalPort());
        System.out.println("listening on http://127.0.0.1:" + first.getLocalPort() + " with "
            + org.apache.catalina.util.ServerInfo.getServerInfo());
        tomcat.getServer().await();
    }

    static Connector connector(String keepAliveTimeout) {
        var connector = new Connector();
        connector.setPort(0);
        connector.setProperty("address", "127.0.0.1");
        connector.setProperty("keepAliveTimeout", keepAliveTimeout);
        connector.setProperty("maxThreads", "20");
        return connector;
    }

    static class App extends HttpServlet {
        @Override
        protected void service(HttpServletRequest request, HttpServletResponse response) throws IOException {
            switch (request.getRequestURI()) {
                case "/hash" -> hash(request, response);
                case "/refuse" -> text(response, 413, "too large");
                case "/etag" -> {
                    response.setHeader("ETag", "\"v1\"");
                    if ("\"v1\"".equals(request.getHeader("If-None-Match"))) {
                        response.setStatus(304);
                    } else {
                        response.addHeader("Set-Cookie", "a=1");
                        response.addHeader("Set-Cookie", "b=2");
                        text(response, 200, "tagged");
                    }
                }
                case "/range" -> range(request.getHeader("Range"), response);
                case "/gzip" -> {
                    response.setHeader("Content-Encoding", "gzip");
                    response.setContentType("text/plain");
                    response.setContentLength(GZIP.length);
                    response.getOutputStream().write(GZIP);
                }
                case "/redirect-to-https" -> {
                    var host = request.getHeader("X-Forwarded-Host");
                    if ("https".equals(request.getHeader("X-Forwarded-Proto"))) {
                        text(response, 200, "secure");
                    } else {
                        response.setHeader("Location", "https://" + (host == null ? request.getHeader("Host") : host) + "/redirect-to-https");
                        text(response, 302, "");
                    }
                }
                case "/stream" -> halves(request, response, "text/plain", "first\n", "second\n");
                case "/sse" -> halves(request, response, "text/event-stream", "data: first\n\n", "data: second\n\n");
                case "/wait" -> {
                    pause(50);
                    text(response, 200, "ok");
                }
                case "/broken" -> text(response, 500, "broken");
                case "/missing" -> text(response, 404, "missing");
                default -> text(response, 200, "ok");
            }
        }

        static void text(HttpServletResponse response, int status, String body) throws IOException {
            response.setStatus(status);
            response.setContentType("text/plain");
            response.setContentLength(body.length());
            response.getOutputStream().print(body);
        }

        static void hash(HttpServletRequest request, HttpServletResponse response) throws IOException {
            try {
                var digest = MessageDigest.getInstance("SHA-256");
                var length = 0L;
                var buffer = new byte[65536];
                for (int read; (read = request.getInputStream().read(buffer)) > 0; length += read) {
                    digest.update(buffer, 0, read);
                }
                text(response, 200, "{\"sha256\":\"" + HexFormat.of().formatHex(digest.digest()) + "\",\"length\":" + length + "}");
            } catch (java.security.NoSuchAlgorithmException error) {
                throw new IllegalStateException(error);
            }
        }

        static void range(String asked, HttpServletResponse response) throws IOException {
            Matcher range = RANGE.matcher(asked == null ? "" : asked);
            if (!range.matches()) {
                text(response, 200, DIGITS);
                return;
            }
            int from = Integer.parseInt(range.group(1)), to = Integer.parseInt(range.group(2));
            if (from >= DIGITS.length()) {
                response.setHeader("Content-Range", "bytes */10");
                text(response, 416, "");
            } else {
                response.setHeader("Content-Range", "bytes " + from + "-" + to + "/10");
                text(response, 206, DIGITS.substring(from, to + 1));
            }
        }

        static void halves(HttpServletRequest request, HttpServletResponse response, String type, String first, String second)
                throws IOException {
            response.setContentType(type);
            response.getOutputStream().print(first);
            response.flushBuffer();
            while (!Files.exists(Path.of(System.getenv("GATES"), request.getParameter("gate")))) {
                pause(5);
            }
            response.getOutputStream().print(second);
        }

        static void pause(int milliseconds) {
            try {
                Thread.sleep(milliseconds);
            } catch (InterruptedException error) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
