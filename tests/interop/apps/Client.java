// A client on Java's HttpClient, which asks for an upgrade to HTTP/2 with its first request. Prints a line per exchange.
import java.io.ByteArrayInputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;

class Client {
    static final byte[] LARGE = new byte[20_000_000];
    static final HttpClient CLIENT = HttpClient.newHttpClient();
    static String url;

    public static void main(String[] arguments) throws Exception {
        url = "http://" + arguments[0];
        for (int number = 0; number < 3; number++) {
            var answer = send("/", "for-client", "GET", BodyPublishers.noBody());
            System.out.println("answers " + answer.statusCode() + " " + answer.body());
        }
        var upload = send("/hash", "for-client", "POST", BodyPublishers.ofByteArray(LARGE));
        System.out.println("upload " + upload.statusCode() + " " + upload.body());
        var chunked = send("/hash", "for-client", "POST", BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(LARGE)));
        System.out.println("upload-chunked " + chunked.statusCode() + " " + chunked.body());
        var refused = send("/", "nope", "POST", BodyPublishers.ofByteArray(LARGE));
        System.out.println("refused " + refused.statusCode() + " " + refused.headers().firstValue("content-type").get());
    }

    static HttpResponse<String> send(String path, String backend, String method, BodyPublisher body) throws Exception {
        var request = HttpRequest.newBuilder(URI.create(url + path)).header("x-backend", backend).method(method, body).build();
        return CLIENT.send(request, BodyHandlers.ofString());
    }
}
