#!/usr/bin/env python3
"""redis-py (python3-redis): every family with its synchronous and its asynchronous client.

Run by run.sh. Versions of redis-py that know RESP3 do it all over again with that protocol.
"""

import asyncio
import inspect
import os
import threading
import time

import redis
import redis.asyncio

PORT = int(os.environ["PORT"])


def same(actual, expected):
    assert actual == expected, f"{actual!r} instead of {expected!r}"


def raises(kind, part, function, *arguments):
    try:
        result = function(*arguments)
    except kind as error:
        assert part in str(error), error
        return
    raise AssertionError(f"{result!r} instead of an error with {part!r}")


def eventually(condition, what):
    for _ in range(500):
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError(f"not in time: {what}")


def is_blocked(client, command):
    return lambda: any(each["cmd"] == command for each in client.client_list())


def later(function, *arguments):
    """Calls the function in a thread: a function that waits for the result."""
    results = []
    thread = threading.Thread(target=lambda: results.append(function(*arguments)))
    thread.start()

    def result():
        thread.join(10)
        return results[0]

    return result


def strings(r):
    same(r.set("text", "Hello"), True)
    same(r.append("text", " world"), 11)
    same(r.get("text"), "Hello world")
    same(r.getrange("text", 6, -1), "world")
    same(r.setrange("text", 6, "there"), 11)
    same(r.strlen("text"), 11)
    same(r.set("text", "x", nx=True), None)
    same(r.set("text", "new", xx=True, get=True), "Hello there")
    same(r.mset({"a": 1, "b": 2}), True)
    same(r.mget("a", "b", "nothing"), ["1", "2", None])
    same(r.msetnx({"a": 1, "c": 2}), False)
    same(r.incrby("a", 4), 5)
    same(r.decr("a"), 4)
    same(r.incrbyfloat("a", 0.5), 4.5)
    same(r.getdel("a"), "4.5")
    same(r.getex("b", ex=100), "2")
    same(r.ttl("b"), 100)
    same(r.lcs("text", "b", len=True) if hasattr(r, "lcs") else 0, 0)
    raises(redis.ResponseError, "not an integer", r.incr, "text")


def bits(r):
    same(r.setbit("bits", 7, 1), 0)
    same(r.getbit("bits", 7), 1)
    same(r.bitcount("bits"), 1)
    same(r.bitpos("bits", 1), 7)
    same(r.setbit("more", 6, 1), 0)
    same(r.bitop("OR", "both", "bits", "more"), 1)
    same(r.get("both"), "\x03")
    same(r.bitfield("number").set("u8", 0, 200).incrby("u8", 0, 100, "SAT").get("u8", 0).execute(), [0, 255, 255])
    same(r.execute_command("BITFIELD_RO", "number", "GET", "u4", "0"), [15])


def keys(r):
    r.set("key", "value")
    same(r.type("key"), "string")
    same(r.expire("key", 100), True)
    same(r.expire("key", 50, gt=True), False)
    same(r.ttl("key"), 100)
    same(r.persist("key"), True)
    same(r.pttl("key"), -1)
    same(r.rename("key", "renamed"), True)
    same(r.copy("renamed", "key"), True)
    same(r.exists("key", "renamed", "nothing"), 2)
    same(r.unlink("renamed"), 1)
    same(r.touch("key"), 1)
    same(r.object("encoding", "key"), "embstr")
    r.psetex("short", 20, "x")
    eventually(lambda: not r.exists("short"), "a key's end")
    r.expireat("key", int(time.time()) + 1000)
    assert 990 <= r.ttl("key") <= 1000
    same(r.delete("key"), 1)


def lists(r):
    same(r.rpush("list", "a", "b", "c"), 3)
    same(r.lpush("list", "z"), 4)
    same(r.lrange("list", 0, -1), ["z", "a", "b", "c"])
    same(r.linsert("list", "before", "b", "ab"), 5)
    same(r.lindex("list", 2), "ab")
    same(r.lpos("list", "ab"), 2)
    same(r.lset("list", 2, "AB"), True)
    same(r.lrem("list", 0, "AB"), 1)
    same(r.ltrim("list", 0, 2), True)
    same(r.lmove("list", "other", "RIGHT", "LEFT"), "b")
    same(r.rpoplpush("list", "other"), "a")
    same(r.lpop("other", 2), ["a", "b"])
    same(r.lmpop(2, "nothing", "list", direction="LEFT", count=3), ["list", ["z"]])
    same(r.llen("list"), 0)
    same(r.blpop("nothing", timeout=0.01), None)
    result = later(r.blpop, ["queue", "second"], 10)
    eventually(is_blocked(r, "blpop"), "BLPOP")
    same(r.rpush("second", "job"), 1)
    same(result(), ("second", "job"))
    result = later(r.blmove, "queue", "done", 10)
    eventually(is_blocked(r, "blmove"), "BLMOVE")
    r.rpush("queue", "job")
    same(result(), "job")
    result = later(lambda: r.blmpop(10, 1, "queue", direction="LEFT"))
    eventually(is_blocked(r, "blmpop"), "BLMPOP")
    r.rpush("queue", "last")
    same(result(), ["queue", ["last"]])


def hashes(r):
    same(r.hset("hash", mapping={"name": "Ada", "born": 1815}), 2)
    same(r.hgetall("hash"), {"name": "Ada", "born": "1815"})
    same(r.hget("hash", "name"), "Ada")
    same(r.hmget("hash", "name", "nothing"), ["Ada", None])
    same(r.hincrby("hash", "born", 1), 1816)
    same(r.hincrbyfloat("hash", "born", 0.5), 1816.5)
    same(r.hsetnx("hash", "name", "x"), 0)
    same(sorted(r.hkeys("hash")), ["born", "name"])
    same(sorted(r.hvals("hash")), ["1816.5", "Ada"])
    same(r.hstrlen("hash", "name"), 3)
    same(r.hexists("hash", "name"), True)
    same(r.hdel("hash", "born", "nothing"), 1)
    same(r.hlen("hash"), 1)
    same(r.hrandfield("hash"), "name")
    large = {f"field {i}": str(i) for i in range(1000)}
    r.hset("large", mapping=large)
    same(r.hgetall("large"), large)
    same(dict(r.hscan_iter("large")), large)
    raises(redis.ResponseError, "WRONGTYPE", r.lpush, "hash", "x")


def sets(r):
    same(r.sadd("set", 1, 2, 3), 3)
    same(r.smembers("set"), {"1", "2", "3"})
    same(r.sismember("set", 1), True)
    same(r.smismember("set", [1, 9]), [1, 0])
    same(r.sadd("evens", 2, 4), 2)
    same(r.sinter("set", "evens"), {"2"})
    same(r.sintercard(2, ["set", "evens"]), 1)
    same(r.sdiff("set", "evens"), {"1", "3"})
    same(r.sunion("set", "evens"), {"1", "2", "3", "4"})
    same(r.sunionstore("all", "set", "evens"), 4)
    same(r.smove("set", "evens", 1), True)
    same(r.srem("set", 2), 1)
    same(r.srandmember("set"), "3")
    same(r.spop("set"), "3")
    same(r.scard("set"), 0)
    r.sadd("large set", *range(1000))
    same(set(r.sscan_iter("large set")), {str(i) for i in range(1000)})


def sorted_sets(r):
    same(r.zadd("board", {"ann": 10, "bob": 20, "cy": 30}), 3)
    same(r.zadd("board", {"bob": 25}, gt=True, ch=True), 1)
    same(r.zrange("board", 0, -1, withscores=True), [("ann", 10.0), ("bob", 25.0), ("cy", 30.0)])
    same(r.zrange("board", "(10", "+inf", byscore=True, offset=1, num=1), ["cy"])
    same(r.zrevrange("board", 0, 0), ["cy"])
    same(r.zrank("board", "bob"), 1)
    same(r.zscore("board", "bob"), 25.0)
    same(r.zmscore("board", ["ann", "nobody"]), [10.0, None])
    same(r.zincrby("board", 5.5, "cy"), 35.5)
    same(r.zcount("board", 20, "+inf"), 2)
    same(r.zunion(["board", "board"], withscores=True)[0], ("ann", 20.0))
    same(r.zinterstore("sum", {"board": 1, "evens": 2}), 0)
    same(r.zrangestore("top", "board", 1, 2), 2)
    same(r.zremrangebyscore("top", 0, 30), 1)
    same(r.zpopmin("board"), [("ann", 10.0)])
    same(r.zmpop(1, ["board"], max=True), ["board", [["cy", "35.5"]]] if not r.is_resp3 else ["board", [["cy", 35.5]]])
    result = later(r.bzpopmin, "waited", 10)
    eventually(is_blocked(r, "bzpopmin"), "BZPOPMIN")
    r.zadd("waited", {"member": 1.5})
    same(tuple(result()), ("waited", "member", 1.5))
    r.zadd("words", {word: 0 for word in "a b c d".split()})
    same(r.zrangebylex("words", "[b", "(d"), ["b", "c"])
    r.zadd("large board", {f"member {i}": i for i in range(1000)})
    same(len(dict(r.zscan_iter("large board"))), 1000)
    same(r.zrangebyscore("large board", 500, 501), ["member 500", "member 501"])


def scans(r):
    r.mset({f"page:{i}": i for i in range(500)})
    same(set(r.scan_iter("page:*", count=50)), {f"page:{i}" for i in range(500)})
    same(list(r.scan_iter(_type="hash", match="large")), ["large"])
    same(r.dbsize(), len(r.keys()))
    assert r.randomkey()


def next_message(subscriber):
    for _ in range(500):
        message = subscriber.get_message(timeout=0.01)
        if message:
            return message
    raise AssertionError("no message in time")


def messages(r):
    with r.pubsub() as subscriber:
        subscriber.subscribe("news")
        subscriber.psubscribe("n?ws")
        same([next_message(subscriber)["type"] for _ in range(2)], ["subscribe", "psubscribe"])
        same(r.publish("news", "it works"), 2)
        same(next_message(subscriber), {"type": "message", "pattern": None, "channel": "news", "data": "it works"})
        same(next_message(subscriber), {"type": "pmessage", "pattern": "n?ws", "channel": "news", "data": "it works"})
        same(r.pubsub_channels(), ["news"])
        same(r.pubsub_numsub("news"), [("news", 1)])
        same(r.pubsub_numpat(), 1)
        subscriber.unsubscribe()
        subscriber.punsubscribe()
        same([next_message(subscriber)["type"] for _ in range(2)], ["unsubscribe", "punsubscribe"])
    r.config_set("notify-keyspace-events", "KEA")
    with r.pubsub() as subscriber:
        subscriber.subscribe("__keyspace@0__:noticed")
        next_message(subscriber)
        r.set("noticed", 1)
        r.expire("noticed", 100)
        r.delete("noticed")
        same([next_message(subscriber)["data"] for _ in range(3)], ["set", "expire", "del"])
    r.config_set("notify-keyspace-events", "")
    # Versions that do not know the sharded channels leave the replies to us.
    connection = r.connection_pool.get_connection("SSUBSCRIBE")
    connection.send_command("SSUBSCRIBE", "shard")
    same(connection.read_response(), ["ssubscribe", "shard", 1])
    same(r.execute_command("SPUBLISH", "shard", "to the shard"), 1)
    same(connection.read_response(), ["smessage", "shard", "to the shard"])
    connection.disconnect()
    r.connection_pool.release(connection)


def transactions(r):
    with r.pipeline() as transaction:
        transaction.set("t", 1).incr("t").lpush("t", "x").get("t")
        results = transaction.execute(raise_on_error=False)
        same([results[0], results[1], results[3]], [True, 2, "2"])
        assert "WRONGTYPE" in str(results[2])
    with r.pipeline() as transaction:
        transaction.watch("t")
        value = int(transaction.get("t"))
        transaction.multi()
        transaction.set("t", value + 1)
        same(transaction.execute(), [True])
        transaction.watch("t")
        r.set("t", "meanwhile")
        transaction.multi()
        transaction.set("t", "lost")
        raises(redis.WatchError, "", transaction.execute)
    same(r.get("t"), "meanwhile")
    same(r.transaction(lambda pipe: pipe.multi() or pipe.append("t", "!"), "t"), [10])
    with r.pipeline() as transaction:
        transaction.execute_command("SET", "only one")
        raises(redis.ResponseError, "wrong number of arguments", transaction.execute)
    with r.pipeline(transaction=False) as pipeline:
        for i in range(1000):
            pipeline.rpush("pipelined", i)
        same(pipeline.execute(), list(range(1, 1001)))


def dumps(r):
    binary = redis.Redis(port=PORT)
    for key in ("list", "hash", "large", "evens", "large set", "board", "large board", "text", "pipelined"):
        dumped = binary.dump(key)
        if dumped is None:
            continue
        binary.restore("restored", 100000, dumped, replace=True)
        # Not the bytes: a table's order may be another.
        same(len(binary.dump("restored")), len(dumped))
        assert 0 < binary.pttl("restored") <= 100000
        raises(redis.ResponseError, "BUSYKEY", binary.restore, "restored", 0, dumped)
    raises(redis.ResponseError, "payload", binary.restore, "broken", 0, b"not a dump")
    binary.close()


def sorting(r):
    r.rpush("numbers", 10, 9, 1, 100)
    same(r.sort("numbers"), ["1", "9", "10", "100"])
    same(r.sort("numbers", alpha=True, desc=True, start=0, num=2), ["9", "100"])
    r.mset({"weight:1": 4, "weight:9": 3, "weight:10": 2, "weight:100": 1})
    same(r.sort("numbers", by="weight:*", get=["#", "weight:*"], groups=True)[0], ("100", "1"))
    same(r.sort("numbers", store="in order"), 4)
    same(r.lrange("in order", 0, 0), ["1"])


def the_server(r):
    same(r.ping(), True)
    same(r.echo("here"), "here")
    same(r.config_get("maxmemory-policy"), {"maxmemory-policy": "noeviction"})
    same(r.config_set("maxmemory-policy", "noeviction"), True)
    raises(redis.ResponseError, "", r.config_set, "no-such-setting", 1)
    info = r.info()
    assert info["redis_version"].startswith("7."), info
    assert info["db0"]["keys"] == r.dbsize(), info
    assert r.info("commandstats")["cmdstat_get"]["calls"] > 0
    assert r.client_id() > 0
    same(r.client_setname("tester"), True)
    same(r.client_getname(), "tester")
    same(r.client_info()["name"], "tester")
    assert len(r.time()) == 2
    commands = r.command()
    assert "zadd" in commands and "ssubscribe" in commands
    assert r.command_count() >= 150
    same(r.command_getkeys("MSET", "a", 1, "b", 2), ["a", "b"])
    assert "get" in r.command_list() if hasattr(r, "command_list") else True
    other = redis.Redis(port=PORT, db=5, client_name="in-5")
    other.set("only here", 1)
    same(r.exists("only here"), 0)
    same(other.client_list()[-1]["db"] in ("5", "0"), True)
    same(r.client_kill_filter(_id=other.client_id()), 1)
    same(other.get("only here"), b"1")  # on a new connection
    same(other.flushdb(), True)
    other.close()


FAMILIES = (strings, bits, keys, lists, hashes, sets, sorted_sets, scans, messages, transactions, dumps, sorting,
            the_server)


async def asynchronous(options):
    r = redis.asyncio.Redis(port=PORT, decode_responses=True, **options)
    await r.flushall()
    # Many at once, each on a connection of its own.
    same(await asyncio.gather(*(r.incr("counter") for _ in range(50))) and await r.get("counter"), "50")
    waiting = asyncio.create_task(r.blpop(["queue"], 10))
    while not any(each["cmd"] == "blpop" for each in await r.client_list()):
        await asyncio.sleep(0.01)
    await r.rpush("queue", "job")
    same(tuple(await waiting), ("queue", "job"))

    await r.hset("hash", mapping={"name": "Ada"})
    same(await r.hgetall("hash"), {"name": "Ada"})
    await r.sadd("set", "member")
    same(await r.smembers("set"), {"member"})
    await r.zadd("board", {"ann": 1.5})
    same([tuple(each) for each in await r.zrange("board", 0, -1, withscores=True)], [("ann", 1.5)])
    await r.setbit("bits", 1, 1)
    same(await r.bitcount("bits"), 1)
    same(sorted([key async for key in r.scan_iter()]), ["bits", "board", "counter", "hash", "set"])

    async with r.pipeline(transaction=True) as transaction:
        same(await transaction.set("t", 1).incr("t").execute(), [True, 2])
        await transaction.watch("t")
        await r.set("t", "meanwhile")
        transaction.multi()
        transaction.get("t")
        try:
            await transaction.execute()
            raise AssertionError("it was not aborted")
        except redis.WatchError:
            pass

    subscriber = r.pubsub()
    await subscriber.psubscribe("n*")  # sends it; the confirmation is a message
    same((await subscriber.get_message(timeout=30))["type"], "psubscribe")
    await r.publish("news", "it works")
    message = await subscriber.get_message(timeout=30)
    same((message["channel"], message["data"]), ("news", "it works"))
    await subscriber.unsubscribe()
    await r.close()
    await r.connection_pool.disconnect()


def main():
    protocols = [{}]
    if "protocol" in inspect.signature(redis.Connection.__init__).parameters or hasattr(redis, "_parsers"):
        protocols.append({"protocol": 3})
    for options in protocols:
        r = redis.Redis(port=PORT, decode_responses=True, **options)
        r.is_resp3 = bool(options)
        r.flushall()
        for family in FAMILIES:
            try:
                family(r)
            except Exception:
                print(f"FAILED: {family.__name__}, {options or 'RESP2'}, redis-py {redis.__version__}", flush=True)
                raise
        r.close()
        asyncio.run(asynchronous(options))


main()
