/** How a server leads its client elsewhere. */
export const redirectStatuses = [301, 302, 303, 307, 308];

/** Places that a public server has no business to lead to. */
export const redirectTargets = [
  "http://127.0.0.1/",
  "http://internal.example/",
  "http://2130706433/",
  "http://[::1]/",
  "//internal.example/",
  "//127.0.0.1:8080/",
  "http://open.example@127.0.0.1/",
  "http:\\\\127.0.0.1\\",
  "https://internal.example/",
  "https://169.254.169.254/latest/meta-data/",
  "file:///etc/passwd",
  "gopher://127.0.0.1:80/_GET",
  "ftp://internal.example/x",
  "data:text/plain,x",
  "http://open.example/to/302/http%3A%2F%2Finternal.example%2F",
  "http://open.example:22/",
];
