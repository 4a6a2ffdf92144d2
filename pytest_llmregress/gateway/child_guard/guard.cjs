// Loaded by Node.js as it starts, in a child of a replayed test: nothing but loopback is open.
//
// Before a look-up, a connection or a datagram to anything else, the gateway is asked, which fails
// the test that has started the child where it must not be.

"use strict";

const address = process.env.PYTEST_LLMREGRESS_GUARD;

function guard(gateway) {
  const dgram = require("dgram");
  const dns = require("dns");
  const net = require("net");

  const signedIn = Buffer.from(`${gateway.username}:${gateway.password}`).toString("base64");
  const closed = new Set(gateway.pathname.slice(1).split(",").filter(Boolean).map(Number));
  const gatewayHost = gateway.hostname.replace(/^\[|\]$/g, "");
  const connect = net.Socket.prototype.connect;

  function isOpen(host, port) {
    const byNumber = /^(::ffff:)?127\./.test(host) && net.isIP(host);
    const isHere = byNumber || /^(localhost|.*\.localhost|::1?|0\.0\.0\.0)$/.test(host);
    return isHere && !closed.has(Number(port));
  }

  // Calls back with what forbids it, or with null.
  function ask(host, port, done) {
    const place = host.includes(":") ? `[${host}]` : host;
    const at = port === undefined ? place : `${place}:${port}`;
    const asking = new net.Socket();
    let answer = "";
    let isDone = false;
    const end = (why) => {
      if (isDone) return;
      isDone = true;
      const error = why === null ? null : new Error(why);
      done(error && Object.assign(error, { code: "ECONNREFUSED", syscall: "connect", host, port }));
    };
    asking.setEncoding("utf8");
    asking.on("data", (piece) => (answer += piece));
    asking.on("error", (error) => end(`nothing is sent to ${at}: the run is over (${error.message})`));
    asking.on("close", () => {
      if (answer.startsWith("HTTP/1.1 200")) return end(null);
      try {
        end(JSON.parse(answer.split("\r\n\r\n")[1]).error.message);
      } catch {
        end(`nothing is sent to ${at}: the run is over`);
      }
    });
    connect.call(asking, { host: gatewayHost, port: Number(gateway.port) });
    asking.write(
      `CONNECT ${at} HTTP/1.1\r\nhost: ${at}\r\nx-llmregress-asks: 1\r\n` +
        `proxy-authorization: Basic ${signedIn}\r\n\r\n`
    );
  }

  net.Socket.prototype.connect = function (...given) {
    const first = Array.isArray(given[0]) ? given[0][0] : given[0];
    const isOptions = typeof first === "object" && first !== null;
    const port = isOptions ? first.port : first;
    const named = isOptions ? first.host : typeof given[1] === "string" ? given[1] : undefined;
    const host = String(named || "localhost");
    const isPath = isOptions ? first.path : typeof first === "string" && isNaN(Number(first));
    if (isPath || isOpen(host, port)) return connect.apply(this, given);
    this.connecting = true; // what is written meanwhile waits
    const wasDestroyed = this.destroyed; // and is used again
    ask(host, port, (error) => {
      if (error) this.destroy(error);
      else if (wasDestroyed || !this.destroyed) connect.apply(this, given);
    });
    return this;
  };

  // A look-up of an address asks nobody, but for the other way round.
  function asksNobody(name, host) {
    return !host || isOpen(host) || (name !== "reverse" && net.isIP(host));
  }

  function withCallback(real, name) {
    return function (host, ...rest) {
      if (asksNobody(name, host)) return real.call(this, host, ...rest);
      const done = rest[rest.length - 1];
      ask(host, undefined, (error) => (error ? done(error) : real.call(this, host, ...rest)));
    };
  }

  function withPromise(real, name) {
    return async function (host, ...rest) {
      if (!asksNobody(name, host)) {
        await new Promise((resolve, reject) =>
          ask(host, undefined, (error) => (error ? reject(error) : resolve()))
        );
      }
      return real.call(this, host, ...rest);
    };
  }

  function replace(where, wrap) {
    for (const name of Object.getOwnPropertyNames(where)) {
      if (/^(lookup|reverse|resolve.*)$/.test(name) && typeof where[name] === "function") {
        where[name] = wrap(where[name], name);
      }
    }
  }
  replace(dns, withCallback);
  replace(dns.Resolver.prototype, withCallback);
  replace(dns.promises, withPromise);
  replace(dns.promises.Resolver.prototype, withPromise);

  function datagram(name, portAt) {
    const real = dgram.Socket.prototype[name];
    dgram.Socket.prototype[name] = function (...given) {
      const at = portAt(given);
      const host = typeof given[at + 1] === "string" ? given[at + 1] : "localhost";
      if (isOpen(host, given[at])) return real.apply(this, given);
      const done = given[given.length - 1];
      ask(host, given[at], (error) => {
        if (!error) real.apply(this, given);
        else if (typeof done === "function") done(error);
        else this.emit("error", error);
      });
    };
  }
  const isNumber = (value) => typeof value === "number";
  // send(message, port, …) or send(message, offset, length, port, …)
  datagram("send", (given) => (given.slice(1, 4).every(isNumber) ? 3 : 1));
  datagram("connect", () => 0);

  require("module").syncBuiltinESMExports();
}

if (address) guard(new URL(address));
