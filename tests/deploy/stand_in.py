"""Takes the place of the services where the launcher alone is tested: answers /readyz with its pid, can be told to fail."""

import json
import os
import signal
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Ready(BaseHTTPRequestHandler):
    """Ready from the start."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(str(os.getpid()).encode())

    def log_message(self, format: str, *args: object) -> None:
        print(json.dumps({"event": format % args}), flush=True)


def main() -> None:
    name, *arguments = sys.argv[1:]
    if name == os.environ.get("STAND_IN_FAILS"):
        sys.exit("the stand-in was told to fail")
    if name == "signin-link":
        print("http://127.0.0.1/signin?token=once")
    if name in ("serve", "proxy"):
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        port = int(arguments[arguments.index("--port") + 1])
        ThreadingHTTPServer(("127.0.0.1", port), Ready).serve_forever()


if __name__ == "__main__":
    main()
