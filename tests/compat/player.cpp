#include "player.hpp"

#include <algorithm>
#include <chrono>
#include <set>
#include <thread>

#include "reply_comparison.hpp"

namespace mini_redis::test {
namespace {

using namespace std::chrono_literals;

constexpr auto patience = 5s;

constexpr std::pair<const char*, const char*> settings[] = {
    {"hash-max-listpack-entries", "512"}, {"hash-max-listpack-value", "64"},
    {"zset-max-listpack-entries", "128"}, {"zset-max-listpack-value", "64"},
    {"set-max-intset-entries", "512"},    {"list-max-listpack-size", "-2"},
    {"stream-node-max-entries", "100"},   {"stream-node-max-bytes", "4096"},
    {"set-max-listpack-entries", "128"},  {"set-max-listpack-value", "64"}, // since 7.2
};

wire_value error(std::string text) {
    return {'-', false, std::move(text), {}};
}

// What a client that tracks keys is told, between its replies.
bool is_invalidation(std::string_view bytes) {
    return bytes.starts_with(">2\r\n$10\r\ninvalidate\r\n");
}

} // namespace

bool asks_more(comparison compare) {
    using enum comparison;
    return compare == scan || compare == member || compare == size || compare == encoding ||
           compare == random || compare == pop || compare == dump || compare == lexical ||
           compare == sorted || compare == careful;
}

player::player(std::uint16_t port) : observer_{port}, subscriber_{port} {
    // Clients of the round before that wait may not be gone yet, and would take what comes.
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (observer_.command({"INFO", "clients"}).text.find("blocked_clients:0") ==
               std::string::npos &&
           std::chrono::steady_clock::now() < deadline)
        std::this_thread::sleep_for(1ms);
    observer_.command({"FLUSHALL"});
    for (const auto& [name, value] : settings)
        observer_.command({"CONFIG", "SET", name, value});
    observer_.command({"CONFIG", "SET", "notify-keyspace-events", "EA"});
    subscriber_.command({"PSUBSCRIBE", "__keyevent@*"});
    subscriber_.command({"SUBSCRIBE", "a"});
    subscriber_.command({"SSUBSCRIBE", "b"});
    for (std::size_t i = 0; i < connections_per_server; ++i) {
        connections_.emplace_back(port);
        if (i % 2 == 1) connections_[i].command({"HELLO", "3"});
        ids_.push_back(connections_[i].command({"CLIENT", "ID"}).text);
    }
}

std::string player::completed(const std::string& word) const {
    if (!word.starts_with("${")) return word;
    if (word == dump_word) return dump;
    if (word == own_dump_word) return own_dump_;
    if (word == torn_dump_word) return dump.substr(0, dump.empty() ? 0 : dump.size() - 1);
    if (word.starts_with(id_word))
        return ids_[static_cast<std::size_t>(word.back() - '0') % ids_.size()];
    return word;
}

void player::send(const random_command& command) {
    std::vector<std::string> words;
    for (const std::string& word : command.arguments)
        words.push_back(completed(word));
    connections_[command.connection].send(encode_request(words));
}

std::string player::receive(std::size_t connection) {
    try {
        std::string reply = connections_[connection].read_reply();
        while (is_invalidation(reply))
            reply = connections_[connection].read_reply();
        return reply;
    } catch (const connection_closed&) {
        return "-(the connection was closed)\r\n";
    } catch (const reply_timed_out&) {
        return "-(no reply came)\r\n";
    }
}

wire_value player::ask(const random_command& command) {
    send(command);
    return parse_reply(receive(command.connection));
}

wire_value player::ask_more(const random_command& command) {
    switch (command.compare) {
    case comparison::scan: return scan(command);
    case comparison::member: return member(command);
    case comparison::size: return size(command);
    case comparison::encoding: return encoding(command);
    case comparison::random:
    case comparison::pop: return random(command);
    case comparison::dump: return dumped(command);
    default: return ask(command);
    }
}

wire_value player::scan(random_command command) {
    const std::string name = upper(command.arguments[0]);
    const std::size_t cursor = name == "SCAN" ? 1 : 2;
    const std::size_t step = name == "HSCAN" || name == "ZSCAN" ? 2 : 1;
    wire_value all;
    all.type = '*';
    std::set<std::string> seen;
    constexpr int enough = 10'000;
    for (int calls = 0; calls < enough; ++calls) {
        wire_value reply = ask(command);
        if (reply.type != '*' || reply.elements.size() != 2) return reply;
        const std::vector<wire_value>& found = reply.elements[1].elements;
        for (std::size_t i = 0; i + step <= found.size(); i += step) {
            wire_value element = found[i];
            if (step == 2) element.text += " => " + spell_line(found[i + 1], std::string::npos);
            if (seen.insert(element.text).second) all.elements.push_back(std::move(element));
        }
        if (reply.elements[0].text == "0") return all;
        command.arguments[cursor] = reply.elements[0].text;
    }
    return error("(the scan does not end)");
}

// RANDOMKEY: null, or a key that is there.
wire_value player::member(const random_command& command) {
    wire_value reply = ask(command);
    if (reply.type != '$' || reply.null) return reply;
    const wire_value exists = ask({command.connection, {"EXISTS", reply.text}});
    if (exists.text != "1") return error("(no such key: " + quote(reply.text) + ")");
    return reply;
}

wire_value player::size(const random_command& command) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (true) {
        wire_value reply = ask(command);
        const wire_value keys = scan({command.connection, {"SCAN", "0", "COUNT", "1000"}});
        if (reply.type != ':' || reply.text == std::to_string(keys.elements.size()) ||
            std::chrono::steady_clock::now() > deadline)
            return reply;
        std::this_thread::sleep_for(1ms);
    }
}

// 7.2 has short lists and sets as listpacks, where 7.0 has none.
wire_value player::encoding(const random_command& command) {
    wire_value reply = ask(command);
    if (reply.type != '$' || reply.null || command.arguments.size() != 3) return reply;
    const wire_value type = ask({command.connection, {"TYPE", command.arguments[2]}});
    if (type.text == "list" && reply.text == "listpack") reply.text = "quicklist";
    if (type.text == "set" && reply.text == "listpack") reply.text = "hashtable";
    return reply;
}

// What was taken at random has to come from the collection; with a positive count, each once.
wire_value player::random(const random_command& command) {
    const std::vector<std::string>& words = command.arguments;
    const std::string name = upper(words[0]);
    wire_value all;
    if (words.size() > 1) {
        const random_command hash{command.connection, {"HGETALL", words[1]}};
        const random_command set{command.connection, {"SMEMBERS", words[1]}};
        const random_command zset{command.connection,
                                  {"ZRANGE", words[1], "0", "-1", "WITHSCORES"}};
        all = ask(name == "HRANDFIELD" ? hash : name == "ZRANDMEMBER" ? zset : set);
    }
    wire_value reply = ask(command);
    if (reply.type == '-' || reply.null || reply.type == '_' || !all.is_aggregate()) return reply;
    const bool distinct = words.size() > 2 && !words[2].starts_with('-');
    const std::size_t width = words.size() > 3 ? 2 : 1;
    const std::size_t step = name == "SRANDMEMBER" || name == "SPOP" ? 1 : 2;
    const std::vector<std::string> has = flatten(all);
    const std::vector<std::string> given = flatten(reply);
    std::set<std::string> there;
    for (std::size_t i = 0; i + step <= has.size(); i += step)
        there.insert(has[i] + (width == 2 ? " => " + has[i + 1] : ""));
    for (std::size_t i = 0; i + width <= given.size(); i += width) {
        const std::string element = given[i] + (width == 2 ? " => " + given[i + 1] : "");
        const bool found = distinct ? there.erase(element) > 0 : there.contains(element);
        if (!found) return error("(not there, or twice: " + quote(element) + ")");
    }
    return reply;
}

wire_value player::dumped(const random_command& command) {
    wire_value reply = ask(command);
    own_dump_ = reply.type == '$' && !reply.null ? reply.text : "";
    return reply;
}

bool player::has_lexical_order(const random_command& command) {
    const std::vector<std::string>& words = command.arguments;
    const std::size_t at = upper(words[0]) == "ZRANGESTORE" ? 2 : 1;
    if (words.size() <= at) return true;
    const auto end = [&](const char* index) {
        const std::vector<std::string> texts =
            flatten(ask({command.connection, {"ZRANGE", words[at], index, index, "WITHSCORES"}}));
        return texts.empty() ? "" : texts.back();
    };
    return end("0") == end("-1");
}

bool player::has_sorted_order(const random_command& command) {
    const std::vector<std::string>& words = command.arguments;
    const auto is = [&](std::string_view word) {
        return std::ranges::any_of(words, [&](const auto& each) { return upper(each) == word; });
    };
    if (words.size() < 2) return true;
    // Redis calls a number bad if the one before it, of any command, was too large.
    observer_.command({"ZADD", "(no such key)", "XX", "1", "member"});
    const std::string encoding = ask({command.connection, {"OBJECT", "ENCODING", words[1]}}).text;
    const std::string type = ask({command.connection, {"TYPE", words[1]}}).text;
    if (type == "zset" && encoding == "listpack") return false;
    const auto by = std::ranges::find(words, "BY");
    if (by == words.end() || by + 1 == words.end()) {
        if (!is("ALPHA")) return true;
        // Redis compares such texts only up to their first zero.
        const wire_value all = ask({command.connection, {"SORT", words[1], "BY", "nosort"}});
        return std::ranges::none_of(flatten(all), [](const std::string& each) {
            return each.find('\0') != std::string::npos;
        });
    }
    if (is("ALPHA")) return false;
    return (by + 1)->find('*') != std::string::npos || type != "set";
}

player::progress player::look_at(std::size_t connection) {
    std::string_view unread = connections_[connection].unread();
    for (std::size_t size = reply_size(unread); size > 0 && is_invalidation(unread);
         size = reply_size(unread)) {
        connections_[connection].read_reply();
        unread = connections_[connection].unread();
    }
    if (reply_size(unread) > 0 || connections_[connection].closed()) return progress::replied;
    const std::string line = observer_.command({"CLIENT", "LIST", "ID", ids_[connection]}).text;
    const std::size_t flags = line.find(" flags=");
    if (flags == std::string::npos) return progress::running;
    const std::size_t end = line.find(' ', flags + 1);
    const bool waits = line.substr(flags + 7, end - flags - 7).find('b') != std::string::npos;
    return waits ? progress::waiting : progress::running;
}

wire_value player::unblock(std::size_t connection, const std::string& how) {
    return observer_.command({"CLIENT", "UNBLOCK", ids_[connection], how});
}

std::vector<std::string> player::events() {
    constexpr std::string_view last = "__keyevent@*__:last";
    observer_.command({"PUBLISH", std::string{last}, ""});
    std::vector<std::string> out;
    while (true) {
        const wire_value event = parse_reply(subscriber_.read_reply());
        if (event.elements.size() != 4) { // of a channel or a shard channel
            out.push_back(spell_line(event, std::string::npos));
            continue;
        }
        const std::string& channel = event.elements[2].text;
        if (channel == last) return out;
        if (!channel.ends_with("__:expired"))
            out.push_back(channel.substr(10) + ' ' + quote(event.elements[3].text));
    }
}

void player::remove(std::size_t connection, const std::string& key,
                    const std::vector<std::string>& members) {
    random_command command{connection, {"SREM", key}};
    command.arguments.insert(command.arguments.end(), members.begin(), members.end());
    ask(command);
}

} // namespace mini_redis::test
