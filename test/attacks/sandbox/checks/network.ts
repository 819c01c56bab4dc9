import { type Check, failing } from "../check.ts";

/** Whoever answers on the host counts the words that come; here it is enough that a connection is made. */
const tcp = (host: string, port: string) =>
  `timeout 3 bash -c 'exec 7<> /dev/tcp/${host}/${port} && echo knock >&7'`;

/** Ways to others, on this machine and beyond. */
export const networkChecks: Check[] = [
  failing("the host's own port", tcp("127.0.0.1", "$TCP")),
  failing("the host's own port, version 6", tcp("::1", "$TCP")),
  failing("the host's own port, mapped", tcp("::ffff:127.0.0.1", "$TCP")),
  failing("the host's own port by any address", tcp("0.0.0.0", "$TCP")),
  failing("the host's own port by name", tcp("localhost", "$TCP")),
  failing("the host's own port by another loopback address", tcp("127.0.0.2", "$TCP")),
  ...["hostname -I", "ip -4 -o addr", "cat /proc/net/fib_trie"].map((command) => ({
    name: `the host's own port by what ${command} says`,
    script: `for address in $(${command} 2> /dev/null | grep -oE '[0-9]+(\\.[0-9]+){3}' | sort -u | head -8); do ${tcp("$address", "$TCP").replace("$address", "'$address'")} && echo ESCAPED $address; done`,
  })),
  // TEST-NET: no packet for it ever arrives, but without a network there is not even a way.
  failing("a way to the world", tcp("192.0.2.1", "80")),
  failing("a way to the cloud's data about this machine", tcp("169.254.169.254", "80")),
  {
    name: "datagrams to the host",
    script:
      'echo knock > /dev/udp/127.0.0.1/$UDP; perl -MIO::Socket::INET -e \'IO::Socket::INET->new(PeerAddr => "127.0.0.1:$ENV{UDP}", Proto => "udp")->send("knock")\'',
  },
  failing("names of the world", "timeout 5 getent hosts example.com"),
  failing(
    "a name server asked by hand",
    `timeout 3 perl -MIO::Socket::INET -e '$s = IO::Socket::INET->new(PeerAddr => "192.0.2.53:53", Proto => "udp") or exit 1; exit(defined $s->send("x") ? 0 : 1)'`,
  ),
  failing(
    "an abstract socket of the host",
    `perl -MSocket -e 'socket(S, AF_UNIX, SOCK_STREAM, 0); exit(connect(S, pack("Sa*", AF_UNIX, "\\0" . $ENV{ABSTRACT})) ? 0 : 1)'`,
  ),
  failing(
    "a socket of the host by its path",
    `perl -MSocket -e 'socket(S, AF_UNIX, SOCK_STREAM, 0); exit(connect(S, pack_sockaddr_un($ENV{SOCKET})) ? 0 : 1)'`,
  ),
  failing(
    "a socket of the host through a link",
    `ln -sf $SOCKET link; perl -MSocket -e 'socket(S, AF_UNIX, SOCK_STREAM, 0); exit(connect(S, pack_sockaddr_un("link")) ? 0 : 1)'; r=$?; rm -f link; [ $r = 0 ]`,
  ),
  failing("any abstract socket", "grep -q @ /proc/net/unix"),
  failing(
    "echo of another machine",
    "ping -c 1 -W 1 192.0.2.1 || ping -c 1 -W 1 127.0.0.1 | grep -q 'bytes from' && [ $(id -u) = 0 ]",
  ),
  failing(
    "an interface of its own making",
    "ip link add zcbot type dummy || ip link add zcbot type veth || ip tuntap add zcbot mode tun",
  ),
  failing("an address of its own", "ip addr add 192.0.2.7/24 dev lo"),
  failing("a route of its own", "ip route add default dev lo"),
  failing("rules for packets", "iptables -L || nft list ruleset"),
  {
    name: "any interface but loopback",
    script:
      "ls /sys/class/net 2> /dev/null | grep -vx lo && echo ESCAPED; sed 1,2d /proc/net/dev | grep -v ' *lo:' && echo ESCAPED",
  },
  failing("packets as they are", "timeout 2 tcpdump -c 1 -i any"),
  failing(
    "a low port",
    `perl -MIO::Socket::INET -e 'exit(IO::Socket::INET->new(LocalPort => 80, Listen => 1) ? 0 : 1)'`,
  ),
  failing("a proxy of the surroundings", "env | grep -qi '_proxy='"),
];
