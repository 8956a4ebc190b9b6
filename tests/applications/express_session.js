// An Express application whose sessions are kept by connect-redis: a user logs in, visits, and logs out.
// Run by run.sh.
"use strict";
const assert = require("node:assert/strict");
const express = require("express");
const session = require("express-session");
const { RedisStore } = require("connect-redis");
const { createClient } = require("redis");

const lifetime = 100; // seconds

function application(client) {
    const app = express();
    app.use(session({
        store: new RedisStore({ client, prefix: "visitor:" }),
        secret: "known to the tests",
        resave: false,
        saveUninitialized: false,
        cookie: { maxAge: lifetime * 1000 },
    }));
    app.get("/login/:name", (request, response, next) => {
        request.session.regenerate((error) => {
            if (error) return next(error);
            request.session.name = request.params.name;
            request.session.visits = 0;
            request.session.save(() => response.json({ name: request.session.name }));
        });
    });
    app.get("/visit", (request, response) => {
        if (!request.session.name) return response.status(401).json({ error: "log in first" });
        request.session.visits += 1;
        response.json({ name: request.session.name, visits: request.session.visits });
    });
    app.get("/look", (request, response) => response.json({ visits: request.session.visits }));
    app.get("/logout", (request, response) => request.session.destroy(() => response.json({})));
    return app;
}

async function main() {
    const client = await createClient({ socket: { port: Number(process.env.PORT), host: "127.0.0.1" } })
        .on("error", (error) => console.log(error))
        .connect();
    await client.flushAll();
    const server = application(client).listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));

    // A browser: it keeps the cookie.
    const visitor = () => {
        let cookie = "";
        return async (path) => {
            const response = await fetch(`http://127.0.0.1:${server.address().port}${path}`, { headers: { cookie } });
            const set = response.headers.get("set-cookie");
            if (set) cookie = set.split(";")[0];
            return [response.status, await response.json()];
        };
    };
    const ada = visitor();
    const bob = visitor();
    assert.deepEqual(await ada("/visit"), [401, { error: "log in first" }]);
    assert.equal(await client.dbSize(), 0); // nothing to remember yet

    assert.deepEqual(await ada("/login/Ada"), [200, { name: "Ada" }]);
    const [key] = await client.keys("visitor:*");
    assert.equal(JSON.parse(await client.get(key)).name, "Ada");
    assert.deepEqual(await ada("/visit"), [200, { name: "Ada", visits: 1 }]);
    assert.deepEqual(await ada("/visit"), [200, { name: "Ada", visits: 2 }]);
    assert.deepEqual(await bob("/visit"), [401, { error: "log in first" }]);
    assert.deepEqual(await bob("/login/Bob"), [200, { name: "Bob" }]);
    assert.deepEqual(await bob("/visit"), [200, { name: "Bob", visits: 1 }]);
    assert.equal(await client.dbSize(), 2);

    // A session that is read only has its time set anew (touch).
    await client.expire(key, 10);
    assert.deepEqual(await ada("/look"), [200, { visits: 2 }]);
    for (let i = 0; (await client.ttl(key)) <= 10 && i < 100; ++i) await new Promise((resolve) => setTimeout(resolve, 10));
    const left = await client.ttl(key);
    assert.ok(left > 10 && left <= lifetime, `${left} s`);

    // One that has expired is forgotten.
    await client.pExpire((await client.keys("visitor:*")).find((each) => each !== key), 1);
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal((await bob("/visit"))[0], 401);

    assert.deepEqual(await ada("/logout"), [200, {}]);
    assert.equal((await ada("/visit"))[0], 401);
    assert.equal(await client.dbSize(), 0);

    // The store itself.
    const store = new RedisStore({ client, prefix: "direct:", ttl: 50 });
    const written = { cookie: {}, text: "ä\r\n" };
    await store.set("one", written);
    await store.set("two", written);
    assert.deepEqual(await store.get("one"), written);
    assert.equal(await client.ttl("direct:one"), 50);
    assert.equal(await store.length(), 2);
    assert.deepEqual((await store.ids()).sort(), ["one", "two"]);
    assert.equal((await store.all()).length, 2);
    await store.destroy("one");
    await store.clear();
    assert.equal(await store.length(), 0);

    server.closeAllConnections();
    server.close();
    await client.close();
}

main().catch((error) => {
    console.log(error);
    process.exit(1);
});
