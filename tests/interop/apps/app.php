<?php
// The app in PHP: a router script of the built-in server, and the one script of php-fpm.
$path = parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);

function text(int $status, string $body, array $fields = []): void
{
    http_response_code($status);
    header('Content-Type: text/plain');
    header('Content-Length: ' . strlen($body));
    foreach ($fields as $field) {
        header($field, false);
    }
    echo $body;
}

function halves(string $type, string $first, string $second): void
{
    header("Content-Type: $type");
    // nginx would collect what it gets from php-fpm.
    header('X-Accel-Buffering: no');
    // PHP's own buffer, which php.ini may switch on.
    while (ob_get_level() > 0) {
        ob_end_clean();
    }
    echo $first;
    flush();
    while (!file_exists(getenv('GATES') . '/' . $_GET['gate'])) {
        usleep(5000);
        clearstatcache();
    }
    echo $second;
}

switch ($path) {
    case '/hash':
        $hash = hash_init('sha256');
        $length = hash_update_stream($hash, fopen('php://input', 'rb'));
        text(200, json_encode(['sha256' => hash_final($hash), 'length' => $length]));
        break;
    case '/refuse':
        text(413, 'too large');
        break;
    case '/etag':
        if (($_SERVER['HTTP_IF_NONE_MATCH'] ?? '') === '"v1"') {
            http_response_code(304);
            header('ETag: "v1"');
        } else {
            text(200, 'tagged', ['ETag: "v1"', 'Set-Cookie: a=1', 'Set-Cookie: b=2']);
        }
        break;
    case '/range':
        $digits = '0123456789';
        if (!preg_match('/^bytes=(\d+)-(\d+)$/', $_SERVER['HTTP_RANGE'] ?? '', $range)) {
            text(200, $digits);
        } elseif ($range[1] >= strlen($digits)) {
            text(416, '', ['Content-Range: bytes */10']);
        } else {
            $part = substr($digits, $range[1], $range[2] - $range[1] + 1);
            text(206, $part, ["Content-Range: bytes $range[1]-$range[2]/10"]);
        }
        break;
    case '/gzip':
        text(200, base64_decode('H4sIAAAAAAACA0vOzy0oSi0uTk1RSKpUKMlIVUhKTM5OzUvhAgBaLhqKGgAAAA=='), ['Content-Encoding: gzip']);
        break;
    case '/redirect-to-https':
        if (($_SERVER['HTTP_X_FORWARDED_PROTO'] ?? '') === 'https') {
            text(200, 'secure');
        } else {
            $host = $_SERVER['HTTP_X_FORWARDED_HOST'] ?? $_SERVER['HTTP_HOST'];
            header("Location: https://$host{$_SERVER['REQUEST_URI']}", true, 302);
        }
        break;
    case '/stream':
        halves('text/plain', "first\n", "second\n");
        break;
    case '/sse':
        halves('text/event-stream', "data: first\n\n", "data: second\n\n");
        break;
    case '/wait':
        usleep(50000);
        text(200, 'ok');
        break;
    case '/broken':
        text(500, 'broken');
        break;
    case '/missing':
        text(404, 'missing');
        break;
    default:
        text(200, 'ok');
}
