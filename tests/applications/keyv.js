// Keyv, a key-value store for many databases, on its adapter for Redis. Run by run.sh.
"use strict";
const assert = require("node:assert/strict");
const { Keyv } = require("keyv");
const { default: KeyvRedis, createClient } = require("@keyv/redis");

const url = `redis://127.0.0.1:${process.env.PORT}`;
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

async function main() {
    const client = await createClient({ url }).connect();
    await client.flushAll();

    const stores = [];
    const open = (namespace, options = {}) => {
        const store = new Keyv({ store: new KeyvRedis(url), namespace, ...options });
        store.on("error", (error) => {
            console.log(error);
            process.exit(1);
        });
        stores.push(store);
        return store;
    };

    const users = open("users");
    const value = { name: "Ada", born: 1815, tags: ["first", null], text: "ä\r\n" };
    assert.equal(await users.set("ada", value), true);
    assert.deepEqual(await users.get("ada"), value);
    assert.equal(await users.get("nobody"), undefined);
    assert.equal(await users.has("ada"), true);
    assert.equal(await users.has("nobody"), false);
    assert.equal(await users.delete("ada"), true);
    assert.equal(await users.get("ada"), undefined);
    assert.equal(await users.delete("ada"), false);

    // Many at once
    await users.setMany(Array.from({ length: 100 }, (_, i) => ({ key: `user ${i}`, value: i })));
    assert.deepEqual(await users.getMany(["user 1", "nobody", "user 99"]), [1, undefined, 99]);
    assert.deepEqual(await users.hasMany(["user 1", "nobody"]), [true, false]);
    assert.equal(await users.deleteMany(["user 0", "user 1"]), true);
    assert.equal(await users.has("user 0"), false);

    // A time to live, given with the value or for all of a store
    await users.set("short", "x", 40);
    assert.equal(await users.get("short"), "x");
    const left = await client.pTTL((await client.keys("*short*"))[0]);
    assert.ok(left > 0 && left <= 40, `${left} ms`);
    await pause(60);
    assert.equal(await users.get("short"), undefined);
    assert.deepEqual(await client.keys("*short*"), []);
    const cache = open("cache", { ttl: 50000 });
    await cache.set("page", "text");
    assert.ok((await client.pTTL((await client.keys("*page*"))[0])) > 40000);

    // Namespaces are apart: the same key, walking through, clearing
    await cache.set("user 5", "another");
    assert.equal(await users.get("user 5"), 5);
    const seen = new Map();
    for await (const [key, each] of users.store.iterator("users")) seen.set(key, each);
    assert.equal(seen.size, 98);
    assert.ok([...seen.keys()].some((key) => key.endsWith("user 99")));
    await users.clear();
    assert.equal(await users.get("user 5"), undefined);
    assert.equal(await cache.get("user 5"), "another");
    assert.equal(await client.dbSize(), 2);

    for (const store of stores) await store.disconnect();
    await client.close();
}

main().catch((error) => {
    console.log(error);
    process.exit(1);
});
