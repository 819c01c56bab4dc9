import { createHmac, generateKeyPairSync, randomUUID, sign } from "node:crypto";
import { forgeToken } from "../../support/api/forge-token.ts";

/** What the tokens are made of: the good one of a user that exists, and what it was signed with. */
export interface Material {
  token: string;
  claims: Record<string, unknown>;
  secret: string;
  platformKey: string;
}

type Headers = [name: string, value: string][];
/** What is sent in place of a good credential; each has to be answered 401. */
export type Attempt = [name: string, headers: Headers, path?: string];

const header = { alg: "HS256", typ: "JWT" };
const encode = (value: unknown) =>
  Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");
const hmac = (signed: string, secret: string | Buffer, hash = "sha256") =>
  createHmac(hash, secret).update(signed).digest("base64url");
const bearer = (token: string): Headers => [["Authorization", `Bearer ${token}`]];
const cookie = (value: string): Headers => [["Cookie", value]];
/** Signed with the server's own secret, whatever the parts say. */
const signParts = (head: unknown, payload: unknown, secret: string | Buffer) => {
  const signed = `${encode(head)}.${encode(payload)}`;
  return `${signed}.${hmac(signed, secret)}`;
};

/** Tokens that say they need no signature. */
export function unsigned({ token, claims }: Material): Attempt[] {
  const none = ["none", "None", "NONE", "nOnE", "none ", " none", "none\0", "n\u043ene", "\uff4eone", ""];
  const algorithms: unknown[] = [...none, null, 0, false, [], ["none"], {}, undefined];
  const [, payload, signature] = token.split(".");
  return algorithms.flatMap((alg) => {
    const head = encode({ alg, typ: "JWT" });
    const name = `alg ${JSON.stringify(alg)}`;
    return [
      [`${name}, no signature`, bearer(`${head}.${payload}.`)],
      [`${name}, the old signature`, bearer(`${head}.${payload}.${signature}`)],
      [`${name}, for another user`, bearer(`${head}.${encode({ ...claims, sub: randomUUID() })}.`)],
    ] satisfies Attempt[];
  });
}

/** Other algorithms, most of them over the right secret. */
export function otherAlgorithms({ claims, secret }: Material): Attempt[] {
  const names =
    "HS384 HS512 HS1 hs256 HS256\0 HS-256 RS256 RS384 RS512 ES256 ES256K ES384 ES512 PS256 PS384 PS512 EdDSA Ed25519 dir A256KW A256GCMKW";
  const swapped = [...names.split(" "), "HS256 ", "HS256\n"].map(
    (alg): Attempt => [
      `alg ${JSON.stringify(alg)} by HMAC`,
      bearer(signParts({ alg, typ: "JWT" }, claims, secret)),
    ],
  );
  const longer = (["sha384", "sha512"] as const).map((hash): Attempt => {
    const signed = `${encode({ alg: `HS${hash.slice(3)}`, typ: "JWT" })}.${encode(claims)}`;
    return [`really ${hash}`, bearer(`${signed}.${hmac(signed, secret, hash)}`)];
  });
  const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const jwk = rsa.publicKey.export({ format: "jwk" });
  const pem = rsa.publicKey.export({ format: "pem", type: "spki" }).toString();
  const signedBy = (head: object) => {
    const signed = `${encode(head)}.${encode(claims)}`;
    return `${signed}.${sign("sha256", Buffer.from(signed), rsa.privateKey).toString("base64url")}`;
  };
  return [
    ...swapped,
    ...longer,
    ["really RS256", bearer(signedBy({ alg: "RS256", typ: "JWT" }))],
    ["really RS256, its key in the header", bearer(signedBy({ alg: "RS256", typ: "JWT", jwk }))],
    ["a public key as HMAC key", bearer(signParts(header, claims, pem))],
    ["a public key as HMAC key, in the header", bearer(signParts({ ...header, jwk }, claims, pem))],
  ];
}

/** Headers that say where the key is, or that there is more to understand. */
export function keyTricks({ claims, secret }: Material): Attempt[] {
  const own = "the-key-of-whoever-attacks-this-server";
  const oct = { kty: "oct", k: encode(own) };
  const tricks: [string, Record<string, unknown>, string][] = [
    ["kid is a path to nothing", { kid: "../../../../dev/null" }, ""],
    ["kid is a file of two bytes", { kid: "/proc/sys/kernel/randomize_va_space" }, "2\n"],
    ["kid is SQL", { kid: `' union select '${own}' --` }, own],
    ["kid is a command", { kid: `key; echo ${own}` }, own],
    ["kid is an address", { kid: "http://127.0.0.1:1/key" }, own],
    ["kid is a number", { kid: 0 }, own],
    ["kid is a name of Object's", { kid: "__proto__" }, own],
    ["kid is constructor", { kid: "constructor" }, own],
    ["jku", { jku: "http://127.0.0.1:1/jwks.json" }, own],
    ["x5u", { x5u: "http://127.0.0.1:1/certificate.pem" }, own],
    ["jwk", { jwk: oct }, own],
    ["jwks", { jwks: { keys: [oct] } }, own],
    ["x5c", { x5c: [encode(own)] }, own],
    ["x5t", { x5t: encode(own) }, own],
  ];
  const extras: [string, Record<string, unknown>][] = [
    ["crit of exp", { crit: ["exp"] }],
    ["crit of nothing", { crit: [] }],
    ["crit that is no list", { crit: "exp" }],
    ["crit of what nobody knows", { crit: ["没有"], 没有: true }],
    ["b64 false", { b64: false, crit: ["b64"] }],
    ["b64 false without crit", { b64: false }],
    ["zip", { zip: "DEF" }],
    ["cty JWT", { cty: "JWT" }],
    ["enc", { enc: "A256GCM" }],
    ["a prototype", JSON.parse('{"__proto__":{"alg":"none"}}') as Record<string, unknown>],
  ];
  return [
    ...tricks.map(
      ([name, more, key]): Attempt => [name, bearer(signParts({ ...header, ...more }, claims, key))],
    ),
    ...[...tricks, ...extras].map(
      ([name, more]): Attempt => [
        `${name}, over the right secret`,
        bearer(signParts({ ...header, ...more }, claims, secret)),
      ],
    ),
  ];
}

/** Keys that somebody may try. */
export function otherKeys({ claims, secret, platformKey, token }: Material): Attempt[] {
  const keys: (string | Buffer)[] = [
    "",
    " ",
    "\0",
    "secret",
    "changeme",
    "your-256-bit-secret",
    "zcbot",
    "undefined",
    "null",
    "[object Object]",
    platformKey,
    secret.toUpperCase(),
    secret.toLowerCase(),
    `${secret}\n`,
    ` ${secret}`,
    secret.slice(0, 32),
    secret.slice(1),
    secret + secret,
    Buffer.from(secret, "base64"),
    Buffer.from(secret, "hex"),
    Buffer.from(secret, "utf16le"),
    encode(secret),
    String(claims.sub),
    token.split(".")[2] ?? "",
    Buffer.alloc(32),
    Buffer.alloc(64, 255),
  ];
  return keys.map((key, index): Attempt => [`key ${index}`, bearer(signParts(header, claims, key))]);
}

/** Claims that a server of ours never makes, over the right secret. */
export function wrongClaims({ claims, secret }: Material): Attempt[] {
  const now = Math.floor(Date.now() / 1000);
  const sub = String(claims.sub);
  const values: Record<string, unknown[]> = {
    exp: [now, now - 1, now - 86_400, 0, -1, -now, `${now + 60}`, null, true, [now + 60], {}, "9".repeat(20)],
    iat: [now + 60, now + 86_400, `${now}`, null, true, [now], {}],
    nbf: [now + 60, now + 86_400, `${now}`, null, true, [now], {}],
    iss: ["", "ZCBOT", "zcbot ", "https://zcbot", "another", ["zcbot"], ["zcbot", "x"], null, 1, true, {}],
    aud: ["", "ZCBOT", "zcbot ", "another", ["zcbot"], ["another", "zcbot"], [], null, 1, true, {}],
    sub: ["", "没有", "' or 1=1", "*", "%", `${sub}\0`, `${sub} `, ` ${sub}`, `{${sub}}`, [sub], { id: sub }],
    scope: ["", "admin", "USER", "user cli", "user ", ["user"], null, 1, true, {}],
    gen: [1, -1, 0.5, "0", null, true, [], {}, 2 ** 53],
  };
  values.sub?.push(randomUUID(), null, 1, true);
  const changed = Object.entries(values).flatMap(([claim, wrong]) =>
    wrong.map(
      (value): Attempt => [
        `${claim} is ${JSON.stringify(value)}`,
        bearer(forgeToken({ ...claims, [claim]: value }, secret)),
      ],
    ),
  );
  const missing = ["exp", "iat", "iss", "aud", "sub", "scope"].map((claim): Attempt => {
    const { [claim]: _gone, ...rest } = claims;
    return [`no ${claim}`, bearer(forgeToken(rest, secret))];
  });
  const raw = JSON.stringify(claims);
  const endless = ["1e999", "1e308", "9007199254740993", "253402300800", "-1e999"].map(
    (exp): Attempt => [
      `exp ${exp}`,
      bearer(signParts(header, raw.replace(/"exp":\d+/, `"exp":${exp}`), secret)),
    ],
  );
  const types = ["JWS", "jwt", "at+jwt", "JOSE", "application/jwt", "", null, 1, ["JWT"], undefined].map(
    (typ): Attempt => [`typ ${JSON.stringify(typ)}`, bearer(signParts({ ...header, typ }, claims, secret))],
  );
  return [...changed, ...missing, ...endless, ...types];
}

/** What is no token, or not quite one. */
export function malformed({ token, claims, secret }: Material): Attempt[] {
  const [head = "", payload = "", signature = ""] = token.split(".");
  const last = signature.at(-1) ?? "";
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const twin = alphabet[alphabet.indexOf(last) ^ 1] ?? "";
  const raw = JSON.stringify(claims);
  const tokens: [string, string][] = [
    ["nothing", ""],
    ["dots", ".."],
    ["one part", head],
    ["two parts", `${head}.${payload}`],
    ["no signature", `${head}.${payload}.`],
    ["no payload", `${head}..${signature}`],
    ["no header", `.${payload}.${signature}`],
    ["parts in another order", `${payload}.${head}.${signature}`],
    ["four parts", `${token}.`],
    ["four parts, the last full", `${token}.${signature}`],
    [
      "five parts, as an encrypted one",
      `${encode({ alg: "dir", enc: "A256GCM" })}..${head}.${payload}.${signature}`,
    ],
    ["the token twice", `${token}${token}`],
    ["a letter behind it", `${token}A`],
    ["an equals sign behind it", `${token}=`],
    ["a letter before it", `A${token}`],
    ["cut short", token.slice(0, -1)],
    ["a changed bit", `${token.slice(0, -2)}${token.at(-2) === "A" ? "B" : "A"}${last}`],
    ["another spelling of the same signature", token.slice(0, -1) + twin],
    ["in upper case", token.toUpperCase()],
    ["in lower case", token.toLowerCase()],
    ["reversed", [...token].reverse().join("")],
    ["its claims changed", `${head}.${encode({ ...claims, scope: "cli" })}.${signature}`],
    ["its header padded", `${head}=.${payload}.${signature}`],
    ["alg twice in the header", signParts('{"alg":"none","alg":"HS256","typ":"JWT"}', claims, secret)],
    ["alg twice, the other way round", signParts('{"alg":"HS256","alg":"none","typ":"JWT"}', claims, secret)],
    ["a header with escapes", signParts('{"\\u0061lg":"HS256","typ":"JWT"}', claims, secret)],
    ["a header with spaces", signParts('{ "alg": "HS256", "typ": "JWT" }', claims, secret)],
    ["a header in another order", signParts({ typ: "JWT", alg: "HS256" }, claims, secret)],
    ["a header with a mark before it", signParts(`\ufeff${JSON.stringify(header)}`, claims, secret)],
    ["a header that is a list", signParts([header], claims, secret)],
    ["a header that is null", signParts("null", claims, secret)],
    [
      "sub twice in the payload",
      signParts(header, raw.replace("{", `{"sub":"${claims.sub}",`).replace(/}$/, `,"sub":"x"}`), secret),
    ],
    ["a payload that is a list", signParts(header, [claims], secret)],
    ["a payload that is null", signParts(header, "null", secret)],
    ["a payload that is a text", signParts(header, JSON.stringify(raw), secret)],
    ["a payload that is a token", signParts(header, token, secret)],
    ["a payload that is empty", signParts(header, "", secret)],
    ["a payload that is cut", signParts(header, raw.slice(0, -1), secret)],
    ["a payload with more behind it", signParts(header, `${raw}{}`, secret)],
    ["a payload with a NUL behind it", signParts(header, `${raw}\0`, secret)],
    ["a large one", forgeToken({ ...claims, more: "大".repeat(400) }, secret)],
    ["a very large one", forgeToken({ ...claims, more: "x".repeat(6_000) }, secret)],
    ["a large one of many dots", `${head}${".".repeat(8_000)}`],
    ["JSON instead", encode({ protected: head, payload, signature })],
  ];
  return tokens.map(([name, text]): Attempt => [name, bearer(text)]);
}

/** A good token in a place where none is looked for, or beside another. */
export function wrongPlaces({ token }: Material): Attempt[] {
  const other = `${token.slice(0, -2)}xx`;
  const schemes = [
    "Basic ",
    "Digest ",
    "Token ",
    "JWT ",
    "Negotiate ",
    "BearerX ",
    "X-Bearer ",
    "Bear ",
    "Bearer:",
  ];
  const odd = [
    "bearer:",
    "Bearer: ",
    "Bearer\t",
    "Bearer=",
    "Bearer%20",
    "Bearer, ",
    "Bearer Bearer ",
    "Bearer",
    "",
    " ",
  ];
  const forms: string[] = [
    ...[...schemes, ...odd].map((scheme) => scheme + token),
    `Basic ${Buffer.from(`token:${token}`).toString("base64")}`,
    `Bearer "${token}"`,
    `Bearer <${token}>`,
    `Bearer token=${token}`,
    `Bearer ${token} ${token}`,
    `Bearer ${token},Bearer ${token}`,
    `Bearer ${token};`,
    `Basic x, Bearer ${token}`,
  ];
  const names = [
    "X-Api-Key",
    "X-Auth-Token",
    "X-Access-Token",
    "X-Authorization",
    "Proxy-Authorization",
    "Token",
  ];
  const cookies = [
    `session=${token}`,
    `ZCBOT_SESSION=${token}`,
    `xzcbot_session=${token}`,
    `zcbot_session =${token}`,
    `zcbot_session="${token}"`,
    `zcbot_session=Bearer ${token}`,
    `zcbot_session=${token}; zcbot_session=${token}`,
    `zcbot_session=${other}; zcbot_session=${token}`,
    `__Secure-zcbot_session=${token}`,
    `__Host-zcbot_session=${other}; zcbot_session=${token}`,
    `__host-zcbot_session=${token}`,
  ];
  const twice = (first: string, second: string): Headers => [...bearer(first), ...bearer(second)];
  return [
    ...forms.map(
      (value): Attempt => [`Authorization: ${value.replaceAll(token, "…")}`, [["Authorization", value]]],
    ),
    ...names.map(
      (name): Attempt => [name, [[name, name === "Proxy-Authorization" ? `Bearer ${token}` : token]]],
    ),
    ...cookies.map((value): Attempt => [value.replaceAll(token, "…").replaceAll(other, "x"), cookie(value)]),
    ["two headers, both good", twice(token, token)],
    ["two headers, the first good", twice(token, other)],
    ["two headers, the second good", twice(other, token)],
    ["a bad header beside a good cookie", [...bearer(other), ...cookie(`zcbot_session=${token}`)]],
    ["an empty header beside a good cookie", [["Authorization", ""], ...cookie(`zcbot_session=${token}`)]],
    [
      "another scheme beside a good cookie",
      [["Authorization", "Basic eDp5"], ...cookie(`zcbot_session=${token}`)],
    ],
    ...["token", "access_token", "authorization", "jwt", "zcbot_session"].map(
      (name): Attempt => [`?${name}=`, [], `/v1/me?${name}=${token}`],
    ),
  ];
}
