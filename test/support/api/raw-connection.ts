import { connect, type Socket } from "node:net";

/** One TCP connection to a server, spoken to byte by byte. */
export interface RawConnection {
  socket: Socket;
  send(bytes: string | Buffer): void;
  /** Reads the next HTTP answer with a Content-Length; null if the connection ended before it did. */
  nextAnswer(): Promise<RawAnswer | null>;
  /** All that still comes until the server closes. */
  rest(): Promise<string>;
  close(): void;
}

export interface RawAnswer {
  status: number;
  head: string;
  body: string;
}

export async function openConnection(url: string): Promise<RawConnection> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  await new Promise<void>((resolve, reject) => {
    socket.once("connect", resolve);
    socket.once("error", reject);
  });
  let received: Buffer = Buffer.alloc(0);
  let over = false;
  let wake = () => {};
  socket.on("data", (chunk) => {
    received = Buffer.concat([received, chunk]);
    wake();
  });
  const end = () => {
    over = true;
    wake();
  };
  socket.on("close", end);
  socket.on("error", end);
  return {
    socket,
    send: (bytes) => void socket.write(bytes),
    async nextAnswer() {
      for (;;) {
        const answer = cutAnswer(received);
        if (answer) {
          received = answer.rest;
          return answer;
        }
        if (over) return null;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
    async rest() {
      while (!over) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      return received.toString();
    },
    close: () => socket.destroy(),
  };
}

function cutAnswer(received: Buffer): (RawAnswer & { rest: Buffer }) | null {
  const end = received.indexOf("\r\n\r\n");
  if (end < 0) return null;
  const head = received.subarray(0, end).toString();
  const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0);
  const start = end + 4;
  if (received.length < start + length) return null;
  return {
    status: Number(head.split(" ")[1]),
    head,
    body: received.subarray(start, start + length).toString(),
    rest: received.subarray(start + length),
  };
}
