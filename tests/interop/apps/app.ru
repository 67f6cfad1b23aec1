# The app on Rack, for Puma.
require 'digest'

GZIP = 'H4sIAAAAAAACA0vOzy0oSi0uTk1RSKpUKMlIVUhKTM5OzUvhAgBaLhqKGgAAAA=='.unpack1('m')
DIGITS = '0123456789'

# A body whose second half waits for a file.
Halves = Struct.new(:gate, :first, :second) do
  def each
    yield first
    sleep 0.005 until File.exist?(File.join(ENV.fetch('GATES'), gate))
    yield second
  end
end

def text(status, body, fields = {})
  [status, { 'Content-Type' => 'text/plain', 'Content-Length' => body.bytesize.to_s }.merge(fields), [body]]
end

def range(asked)
  from, to = asked.to_s.match(/\Abytes=(\d+)-(\d+)\z/)&.captures&.map(&:to_i)
  return text(200, DIGITS) unless from
  return text(416, '', 'Content-Range' => 'bytes */10') if from >= DIGITS.size

  text(206, DIGITS[from..to], 'Content-Range' => "bytes #{from}-#{to}/10")
end

run(lambda do |env|
  gate = env['QUERY_STRING'][/gate=([^&]*)/, 1]
  case env['PATH_INFO']
  when '/hash'
    hash = Digest::SHA256.new
    length = 0
    while (chunk = env['rack.input'].read(65_536))
      hash << chunk
      length += chunk.bytesize
    end
    text(200, %({"sha256":"#{hash.hexdigest}","length":#{length}}))
  when '/refuse' then text(413, 'too large')
  when '/etag'
    if env['HTTP_IF_NONE_MATCH'] == '"v1"'
      [304, { 'ETag' => '"v1"' }, []]
    else
      text(200, 'tagged', 'ETag' => '"v1"', 'Set-Cookie' => "a=1\nb=2")
    end
  when '/range' then range(env['HTTP_RANGE'])
  when '/gzip' then text(200, GZIP, 'Content-Encoding' => 'gzip')
  when '/redirect-to-https'
    if env['HTTP_X_FORWARDED_PROTO'] == 'https'
      text(200, 'secure')
    else
      host = env['HTTP_X_FORWARDED_HOST'] || env['HTTP_HOST']
      text(302, '', 'Location' => "https://#{host}/redirect-to-https")
    end
  when '/stream' then [200, { 'Content-Type' => 'text/plain' }, Halves.new(gate, "first\n", "second\n")]
  when '/sse' then [200, { 'Content-Type' => 'text/event-stream' }, Halves.new(gate, "data: first\n\n", "data: second\n\n")]
  when '/wait'
    sleep 0.05
    text(200, 'ok')
  when '/slow-close'
    socket = env['rack.hijack'].call
    socket << "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    sleep 0.002
    socket.close
    [-1, {}, []]
  when '/broken' then text(500, 'broken')
  when '/missing' then text(404, 'missing')
  else text(200, 'ok')
  end
end)
