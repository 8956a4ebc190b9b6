// Writes docs/compatibility.md to the standard output: each command of Redis 7.2, and what
// mini-redis's own table of commands says of it.
#include <algorithm>
#include <cctype>
#include <cstdio>
#include <fmt/format.h>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "commands/registry.hpp"

namespace {

using namespace mini_redis;

// Of Redis 7.2, containers by their subcommands.
constexpr std::string_view redis_commands =
    "acl|cat acl|deluser acl|dryrun acl|genpass acl|getuser acl|help acl|list acl|load acl|log "
    "acl|save acl|setuser acl|users acl|whoami append asking auth bgrewriteaof bgsave bitcount "
    "bitfield bitfield_ro bitop bitpos blmove blmpop blpop brpop brpoplpush bzmpop bzpopmax "
    "bzpopmin client|caching client|getname client|getredir client|help client|id client|info "
    "client|kill client|list client|no-evict client|no-touch client|pause client|reply "
    "client|setinfo client|setname client|tracking client|trackinginfo client|unblock "
    "client|unpause cluster|addslots cluster|addslotsrange cluster|bumpepoch "
    "cluster|count-failure-reports cluster|countkeysinslot cluster|delslots cluster|delslotsrange "
    "cluster|failover cluster|flushslots cluster|forget cluster|getkeysinslot cluster|help "
    "cluster|info cluster|keyslot cluster|links cluster|meet cluster|myid cluster|myshardid "
    "cluster|nodes cluster|replicas cluster|replicate cluster|reset cluster|saveconfig "
    "cluster|set-config-epoch cluster|setslot cluster|shards cluster|slaves cluster|slots "
    "command|count command|docs command|getkeys command|getkeysandflags command|help command|info "
    "command|list config|get config|help config|resetstat config|rewrite config|set copy dbsize "
    "debug decr decrby del discard dump echo eval eval_ro evalsha evalsha_ro exec exists expire "
    "expireat expiretime failover fcall fcall_ro flushall flushdb function|delete function|dump "
    "function|flush function|help function|kill function|list function|load function|restore "
    "function|stats geoadd geodist geohash geopos georadius georadius_ro georadiusbymember "
    "georadiusbymember_ro geosearch geosearchstore get getbit getdel getex getrange getset hdel "
    "hello hexists hget hgetall hincrby hincrbyfloat hkeys hlen hmget hmset hrandfield hscan hset "
    "hsetnx hstrlen hvals incr incrby incrbyfloat info keys lastsave latency|doctor latency|graph "
    "latency|help latency|histogram latency|history latency|latest latency|reset lcs lindex "
    "linsert llen lmove lmpop lolwut lpop lpos lpush lpushx lrange lrem lset ltrim memory|doctor "
    "memory|help memory|malloc-stats memory|purge memory|stats memory|usage mget migrate "
    "module|help module|list module|load module|loadex module|unload monitor move mset msetnx "
    "multi object|encoding object|freq object|help object|idletime object|refcount persist "
    "pexpire pexpireat pexpiretime pfadd pfcount pfdebug pfmerge pfselftest ping psetex "
    "psubscribe psync pttl publish pubsub|channels pubsub|help pubsub|numpat pubsub|numsub "
    "pubsub|shardchannels pubsub|shardnumsub punsubscribe quit randomkey readonly readwrite "
    "rename renamenx replconf replicaof reset restore restore-asking role rpop rpoplpush rpush "
    "rpushx sadd save scan scard script|debug script|exists script|flush script|help script|kill "
    "script|load sdiff sdiffstore select set setbit setex setnx setrange shutdown sinter "
    "sintercard sinterstore sismember slaveof slowlog|get slowlog|help slowlog|len slowlog|reset "
    "smembers smismember smove sort sort_ro spop spublish srandmember srem sscan ssubscribe "
    "strlen subscribe substr sunion sunionstore sunsubscribe swapdb sync time touch ttl type "
    "unlink unsubscribe unwatch wait waitaof watch xack xadd xautoclaim xclaim xdel xgroup|create "
    "xgroup|createconsumer xgroup|delconsumer xgroup|destroy xgroup|help xgroup|setid "
    "xinfo|consumers xinfo|groups xinfo|help xinfo|stream xlen xpending xrange xread xreadgroup "
    "xrevrange xsetid xtrim zadd zcard zcount zdiff zdiffstore zincrby zinter zintercard "
    "zinterstore zlexcount zmpop zmscore zpopmax zpopmin zrandmember zrange zrangebylex "
    "zrangebyscore zrangestore zrank zrem zremrangebylex zremrangebyrank zremrangebyscore "
    "zrevrange zrevrangebylex zrevrangebyscore zrevrank zscan zscore zunion zunionstore ";

// What differs in a command that is there.
constexpr std::pair<std::string_view, std::string_view> differences[] = {
    {"client|list", "argv-mem, rbs and rbp are 0: there are no such buffers"},
    {"client|reply", "as in Redis; pushes are not held back"},
    {"client|tracking", "what comes by redirection to a client that has made the change itself "
                        "follows its reply; in Redis it may stand inside of it"},
    {"command|docs", "without history, deprecation and module fields; summaries are our own"},
    {"config|get", "the settings that mini-redis has"},
    {"config|set",
     "the settings that mini-redis has; no value that it could not honour; bind takes no "
     "address that overlaps with an open one, such as * with 127.0.0.1"},
    {"debug", "OBJECT, SLEEP, SET-ACTIVE-EXPIRE and what tests need; the rest is an error"},
    {"eval", "redis.breakpoint() is an error, as there is no debugger; a script that ends with an "
             "error object of no text is answered, where Redis 7.0 "
             "crashes; cjson.encode and cmsgpack.pack give 256 MB at most; a value's parts count "
             "for 16 bytes at least towards the 512 MB that a reply may have"},
    {"fcall", "what a library keeps in local variables is kept by each worker thread for itself"},
    {"function|load", "a library whose functions' names differ only in case is refused, as two "
                      "such libraries are in Redis"},
    {"lastsave", "when the server started: it saves nothing"},
    {"replicaof", "NO ONE only"},
    {"slaveof", "NO ONE only"},
    {"info", "every section and field; what is not there (persistence, replicas) is told "
             "as Redis tells it where it is off"},
    {"scan", "cursors are larger numbers; the guarantee is Redis's"},
    {"script|debug", "there is no debugger: YES and SYNC are errors"},
    {"shutdown", "SAVE is refused, as there is no persistence yet"},
    {"wait", "there are no replicas: it answers 0 when the time is over"},
};

std::string_view difference_of(std::string_view name) {
    for (const auto& [command, text] : differences)
        if (command == name) return text;
    return {};
}

const command* find(std::string_view name) {
    const std::size_t bar = name.find('|');
    const command* const row = registry::built_in().find(name.substr(0, bar));
    if (row == nullptr || bar == std::string_view::npos) return row;
    return find_subcommand(*row, name.substr(bar + 1));
}

std::string shown(std::string_view name) {
    std::string text{name};
    for (char& c : text)
        c = c == '|' ? ' ' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    return text;
}

std::vector<std::string_view> split(std::string_view text) {
    std::vector<std::string_view> words;
    for (std::size_t end; (end = text.find(' ')) != std::string_view::npos;) {
        if (end != 0) words.push_back(text.substr(0, end));
        text.remove_prefix(end + 1);
    }
    return words;
}

} // namespace

int main() {
    const std::vector<std::string_view> names = split(redis_commands);
    std::string rows;
    std::size_t same = 0;
    std::size_t partly = 0;
    for (const std::string_view name : names) {
        const command* const row = find(name);
        const std::string_view difference = difference_of(name);
        const bool there = row != nullptr && (row->handler != nullptr || !row->subcommands.empty());
        std::string_view status = "not yet";
        if (there) status = difference.empty() ? "same" : "partly";
        same += status == "same";
        partly += status == "partly";
        rows += fmt::format("| {} | {} | {} |\n", shown(name), status, there ? difference : "");
    }
    for (const auto& [name, text] : differences) {
        if (std::find(names.begin(), names.end(), name) != names.end()) continue;
        fmt::print(stderr, "there is no command '{}'\n", name);
        return 1;
    }
    fmt::print(
        "# Compatibility\n\n"
        "The {} commands of Redis 7.2 (those with subcommands by these): {} are the same here,"
        " {} partly, {} are not\nthere yet and answer with an error. The replies are compared "
        "with those of Redis 7.0 by the tests\n(`tests/wire`, `tests/compat`), in RESP2 and "
        "RESP3.\n\nThis file is written by `scripts/generate-docs.sh` from the table that the "
        "server runs by.\n\n| command | here | what differs |\n|---|---|---|\n{}",
        names.size(), same, partly, names.size() - same - partly, rows);
}
