import { createServer, type RequestListener, type ServerResponse } from "node:http";
import { createServer as createSocketServer, type AddressInfo, type Socket } from "node:net";

import { expect, onTestFinished, test, vi } from "vitest";

import { HttpTransport } from "./http-transport.ts";
import { RetryingTransport } from "./retrying-transport.ts";

/** A server that answers as the test says, and a transport to it. */
async function transportTo(answer: RequestListener, timeout = Number.POSITIVE_INFINITY) {
  const server = createServer((request, response) => {
    request.resume().once("end", () => {
      answer(request, response);
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/logs`;
  const transport = new RetryingTransport(new HttpTransport(url, "LOGS", "v1/logs"));
  onTestFinished(async () => {
    transport.shutdown();
    server.closeAllConnections();
    await new Promise((resolve) => {
      server.close(resolve);
    });
  });
  return async () => await transport.send(Buffer.from("{}"), timeout);
}

/** Answers the first request like this, the others with 200. */
function first(answer: (response: ServerResponse) => void): RequestListener {
  let requests = 0;
  return (_request, response) => {
    requests += 1;
    if (requests === 1) answer(response);
    else response.end("{}");
  };
}

test.each(["0", "-5", "Thu, 01 Jan 1970 00:00:00 GMT"])(
  "a server that asks for no pause (%s) gets one all the same",
  async (after) => {
    let requests = 0;
    const deliver = await transportTo((_request, response) => {
      requests += 1;
      response.writeHead(503, { "retry-after": after }).end();
    }, 600);
    expect(await deliver()).toMatchObject({ status: "retryable" });
    expect(requests).toBeLessThanOrEqual(3);
  },
);

test("a clock that is set back does not lengthen the wait", async () => {
  const deliver = await transportTo((_request, response) => {
    response.writeHead(503).end();
  }, 300);
  const delivery = deliver();
  const clock = vi.spyOn(Date, "now").mockReturnValue(0);
  onTestFinished(() => {
    clock.mockRestore();
  });
  expect(await delivery).toMatchObject({ status: "retryable" });
});

test.each([301, 302, 307, 308, 405])(
  "%i is of the endpoint: the request waits until it is put right",
  async (status) => {
    const deliver = await transportTo(
      first((response) => {
        response.writeHead(status, { location: "http://127.0.0.1:1/" }).end();
      }),
    );
    expect(await deliver()).toMatchObject({ status: "success" });
  },
);

test("a server that switches to another protocol has not taken the request", async () => {
  const deliver = await transportTo(
    first(({ socket }) => {
      socket?.end(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\n",
      );
    }),
  );
  expect(await deliver()).toMatchObject({ status: "success" });
});

test("an endless answer is cut, and does not count as an OTLP receiver's", async () => {
  let requests = 0;
  const deliver = await transportTo((_request, response) => {
    requests += 1;
    const more = () => {
      while (!response.destroyed && response.write("x".repeat(65_536)));
    };
    response.on("drain", more);
    more();
  }, 200);
  expect(await deliver()).toMatchObject({ status: "retryable" });
  expect(requests).toBe(1);
});

const PAGE = "<html><body>Sign in to the hotel's network</body></html>";

test.each([
  ["a web page", "text/html; charset=utf-8", PAGE],
  ["a web page that calls itself JSON", "application/json", PAGE],
  ["a web page without a type", undefined, PAGE],
  ["a page with nothing in it", "text/html", ""],
  ["a greeting", "text/plain", "welcome"],
  ["a list", "application/json", "[]"],
  ["another message", "application/json", `{"partialSuccess":"yes"}`],
  ["an error", "application/json", `{"error":"quota exceeded"}`],
  ["a list of errors", "application/json", `{"partialSuccess":{},"errors":["no index"]}`],
  ["gRPC's status", "application/json", `{"code":8,"message":"slow down"}`],
  ["bytes that are not a message", "application/x-protobuf", PAGE],
])("200 with %s is from no receiver: the request waits", async (_what, type, body) => {
  const deliver = await transportTo(
    first((response) => {
      response.writeHead(200, type === undefined ? {} : { "content-type": type }).end(body);
    }),
  );
  const answered = Date.now();
  expect(await deliver()).toMatchObject({ status: "success" });
  // Not the first answer: there was a pause before the second.
  expect(Date.now() - answered).toBeGreaterThan(150);
});

test.each([
  [200, "application/json", "{}"],
  [200, "application/json", `{"partialSuccess":null}`],
  [200, "application/json", `{"partialSuccess":{"rejectedLogRecords":"0"}}`],
  [200, "application/json", `{"errors":[],"error":null,"status":"ok","code":0,"message":""}`],
  [200, "application/x-protobuf", ""],
  [200, undefined, ""],
  [204, undefined, ""],
])("%i of type %s with %j is a receiver's", async (status, type, body) => {
  let requests = 0;
  const deliver = await transportTo((_request, response) => {
    requests += 1;
    response.writeHead(status, type === undefined ? {} : { "content-type": type }).end(body);
  }, 200);
  expect(await deliver()).toMatchObject({ status: "success" });
  expect(requests).toBe(1);
});

test.each([402, 409, 415, 451, 500, 501, 507, 520, 599])(
  "%i says nothing about the request: it waits",
  async (status) => {
    const deliver = await transportTo(
      first((response) => {
        response.writeHead(status).end("no");
      }),
    );
    expect(await deliver()).toMatchObject({ status: "success" });
  },
);

test("400 as a web page is a proxy's: the request waits", async () => {
  const deliver = await transportTo(
    first((response) => {
      response.writeHead(400, { "content-type": "text/html" }).end(PAGE);
    }),
  );
  expect(await deliver()).toMatchObject({ status: "success" });
});

/** What a server may send that is not an answer, to a request on a socket of its own. */
const NO_ANSWERS: Readonly<Record<string, (socket: Socket) => void>> = {
  "100 Continue without end": (socket) => {
    repeat(socket, "HTTP/1.1 100 Continue\r\n\r\n".repeat(1000));
  },
  "early hints without end": (socket) => {
    repeat(socket, "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n".repeat(1000));
  },
  "a chunk that is none": (socket) =>
    socket.end("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n"),
  "a chunk of 2^56 bytes": (socket) =>
    socket.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffff\r\n"),
  "less than it says": (socket) => socket.end("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}"),
  "two lengths": (socket) =>
    socket.end(
      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    ),
  "a header of 2 MB": (socket) => socket.end(`HTTP/1.1 200 OK\r\nX: ${"a".repeat(2e6)}\r\n\r\n`),
  "another protocol": (socket) => socket.end("SSH-2.0-OpenSSH_9\r\n"),
  "a byte now and again": (socket) => {
    socket.write("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n");
    const timer = setInterval(() => socket.write(" "), 20);
    socket.once("close", () => {
      clearInterval(timer);
    });
  },
  "a reset in the middle": (socket) => {
    socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{", () => socket.resetAndDestroy());
  },
};

function repeat(socket: Socket, text: string): void {
  const more = () => {
    while (!socket.destroyed && socket.write(text));
  };
  socket.on("drain", more);
  more();
}

test.each(Object.entries(NO_ANSWERS))(
  "a server that sends %s has not taken the request: it is sent again",
  async (_what, misbehave) => {
    vi.stubEnv("OTEL_EXPORTER_OTLP_TIMEOUT", "300");
    const good = createServer((request, response) => {
      request.resume().once("end", () => response.end("{}"));
    });
    let connections = 0;
    const server = createSocketServer((socket) => {
      connections += 1;
      socket.on("error", () => {});
      if (connections > 1) good.emit("connection", socket);
      else {
        socket.once("data", () => {
          socket.resume();
          misbehave(socket);
        });
      }
    });
    await new Promise<void>((resolve) => {
      server.listen(0, "127.0.0.1", resolve);
    });
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/logs`;
    const transport = new RetryingTransport(new HttpTransport(url, "LOGS", "v1/logs"));
    onTestFinished(() => {
      vi.unstubAllEnvs();
      transport.shutdown();
      server.close();
    });
    expect(await transport.send(Buffer.from("{}"), Number.POSITIVE_INFINITY)).toMatchObject({
      status: "success",
    });
    expect(connections).toBe(2);
  },
);
