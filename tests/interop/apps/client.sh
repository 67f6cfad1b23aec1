# A client with curl, which asks for an upgrade to HTTP/2 with each request. Prints a line per exchange.
set -eu
ask() {
  name=$1 path=$2
  shift 2
  printf '%s ' "$name"
  curl --silent --show-error --http2 --noproxy '*' --output answer --write-out '%{http_code} ' "$@" "http://$address$path"
}
address=$1
head -c 20000000 /dev/zero >large
for _ in 1 2 3; do
  ask answers / --header 'x-backend: for-client'
  printf '%s\n' "$(cat answer)"
done
ask upload /hash --header 'x-backend: for-client' --data-binary @large
printf '%s\n' "$(cat answer)"
ask upload-chunked /hash --header 'x-backend: for-client' --header 'transfer-encoding: chunked' --data-binary @large
printf '%s\n' "$(cat answer)"
ask refused / --header 'x-backend: nope' --data-binary @large --output /dev/null --write-out '%{http_code} %{content_type}\n'
