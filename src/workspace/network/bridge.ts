/** Programs speak TCP to their proxy: one inside hands every connection on to the socket of ours. */
export const bridgeProgram = "socat";

const port = 3128;
const address = `http://127.0.0.1:${port}`;
const exceptions = "localhost,127.0.0.1,::1";

/** By what programs know their proxy; curl reads the first in lower case alone. */
export const bridgeEnvironment: Readonly<Record<string, string>> = {
  http_proxy: address,
  HTTP_PROXY: address,
  https_proxy: address,
  HTTPS_PROXY: address,
  no_proxy: exceptions,
  NO_PROXY: exceptions,
  NODE_USE_ENV_PROXY: "1",
};

/**
 * A line of shell that starts the bridge to this socket and waits, two seconds at most, until it takes connections. Nobody's
 * child, so that the command does not meet it. `-t`: who has sent all may wait long for the answer.
 */
export function bridgeScript(socketPath: string): string {
  const listening = port.toString(16).toUpperCase().padStart(4, "0");
  return [
    `(${bridgeProgram} -t 300 TCP-LISTEN:${port},bind=127.0.0.1,reuseaddr,fork,backlog=64,nodelay UNIX-CONNECT:${socketPath} < /dev/null > /dev/null 2>&1 &)`,
    `listens() { while read -r _ at _ state _; do case $at$state in *:${listening}0A) return 0 ;; esac; done < /proc/net/tcp; return 1; }`,
    "tries=0",
    "until listens || [ $tries = 400 ]; do tries=$((tries + 1)); sleep 0.005; done",
    "unset -f listens",
    "unset tries at state _",
  ].join("; ");
}
