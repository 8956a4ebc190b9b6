#include "duel.hpp"

#include <algorithm>
#include <chrono>
#include <thread>

#include "reply_comparison.hpp"

namespace mini_redis::test {
namespace {

using namespace std::chrono_literals;

constexpr int databases = 16;

// One stream's way through two servers.
class match {
public:
    match(const server_address& left, const server_address& right,
          std::chrono::milliseconds patience)
        : left_{left.port},
          right_{right.port},
          patience_{patience},
          lanes_(connections_per_server) {}

    std::optional<difference> play(const command_stream& commands, random_source& batches,
                                   bool pipelined);

    std::size_t compared = 0;
    std::size_t waited = 0;

private:
    // What is known of a connection, which is the same on both servers.
    struct lane {
        bool in_transaction = false;
        std::vector<comparison> queued;        // the kinds of its commands
        std::optional<random_command> waiting; // what it is blocked in
    };

    std::optional<difference> one(const random_command& command);
    std::optional<difference> more(const random_command& command);
    std::optional<difference> receive(const random_command& command);
    std::optional<difference> wait(const random_command& command);
    std::optional<difference> settle_all();
    std::optional<difference> release_all();
    std::optional<difference> compare_events();
    std::optional<difference> compare_keyspaces();
    std::optional<difference> compare_database(int database);
    std::optional<difference> judge(const random_command& command, const wire_value& left,
                                    const wire_value& right);
    void follow(const random_command& command, const wire_value& reply);
    void even_out(const random_command& command, const wire_value& left, const wire_value& right);
    bool anyone_waits() const;
    bool is_defined(const random_command& command);

    player left_;
    player right_;
    std::chrono::milliseconds patience_;
    std::vector<lane> lanes_;
    std::size_t index_ = 0;
    bool same_events_ = true;    // no key is there though its time has passed
    bool same_set_forms_ = true; // few that SPOP leaves make a new set: which they were, was chance
    bool same_dumps_ = true; // each server's own DUMP has the order in which it keeps the members
};

bool is_alone(const random_command& command) {
    return asks_more(command.compare) || command.compare == comparison::blocking;
}

// SET with a time that has passed: the key is there until the server notices, and what is told of
// it until then differs.
bool lapses(const random_command& command) {
    return upper(command.arguments[0]) == "SET" &&
           std::ranges::any_of(command.arguments, [](const std::string& word) {
               return word == "1500000000" || word == "1500000000000";
           });
}

std::optional<difference> match::play(const command_stream& commands, random_source& batches,
                                      bool pipelined) {
    for (const random_command& command : commands) {
        if (std::ranges::count(command.arguments, own_dump_word) > 0) same_dumps_ = false;
        if (lapses(command)) same_events_ = false;
    }
    for (std::size_t i = 0; i < commands.size();) {
        index_ = i;
        if (is_alone(commands[i]) || anyone_waits()) {
            if (auto found = one(commands[i++])) return found;
            continue;
        }
        std::size_t end = i + 1;
        const std::size_t limit = pipelined ? 1 + batches.below(32) : 1;
        while (end < commands.size() && end - i < limit && !is_alone(commands[end]) &&
               commands[end].connection == commands[i].connection)
            ++end;
        for (std::size_t k = i; k < end; ++k) {
            left_.send(commands[k]);
            right_.send(commands[k]);
        }
        for (; i < end; ++i) {
            index_ = i;
            if (auto found = receive(commands[i])) return found;
        }
    }
    index_ = commands.size();
    if (auto found = release_all()) return found;
    if (auto found = compare_events()) return found;
    return compare_keyspaces();
}

bool match::anyone_waits() const {
    return std::ranges::any_of(lanes_, [](const lane& one) { return one.waiting.has_value(); });
}

// A connection that waits hears no more commands. In a transaction only those go out whose replies
// can be compared when they come with EXEC's.
std::optional<difference> match::one(const random_command& command) {
    const lane& own = lanes_[command.connection];
    if (own.waiting) return std::nullopt;
    if (own.in_transaction && asks_more(command.compare)) return std::nullopt;
    if (asks_more(command.compare)) {
        if (auto found = more(command)) return found;
    } else {
        left_.send(command);
        right_.send(command);
        auto found = command.compare == comparison::blocking ? wait(command) : receive(command);
        if (found) return found;
    }
    return settle_all();
}

bool waits_for_many(const random_command& command) {
    const std::vector<std::string>& words = command.arguments;
    const std::string name = upper(words[0]);
    if (name.ends_with("MPOP")) return words[2] != "1";
    return name.find("POP") != name.npos && name != "BRPOPLPUSH" && words.size() > 3;
}

// Redis serves those who wait on the keys of a swapped database in an order of its own; and it
// tells nobody of a key of another type that is overwritten with a list or a sorted set.
bool match::is_defined(const random_command& command) {
    const std::vector<std::string>& words = command.arguments;
    if (command.compare == comparison::lexical && !left_.has_lexical_order(command)) return false;
    if (command.compare == comparison::sorted &&
        !(left_.has_sorted_order(command) && right_.has_sorted_order(command)))
        return false;
    if (!anyone_waits() || words.size() < 2) return true;
    const std::string name = upper(words[0]);
    const bool sorts = name == "SORT" && upper(words[words.size() - 2]) == "STORE";
    if (!sorts && name != "ZRANGESTORE" && command.compare != comparison::careful) return true;
    if (name == "SWAPDB")
        return std::ranges::count_if(
                   lanes_, [](const lane& one) { return one.waiting.has_value(); }) == 1 &&
               std::ranges::none_of(lanes_, [](const lane& one) {
                   return one.waiting && waits_for_many(*one.waiting);
               });
    const std::string& to = sorts ? words.back() : words[1];
    const std::string type = left_.ask({command.connection, {"TYPE", to}}).text;
    return type == "none" || type == (sorts ? "list" : "zset");
}

std::optional<difference> match::more(const random_command& command) {
    if (!is_defined(command)) return std::nullopt;
    ++compared;
    const wire_value left = left_.ask_more(command);
    const wire_value right = right_.ask_more(command);
    if (command.compare == comparison::encoding && !same_set_forms_ &&
        (left.text == "intset" || right.text == "intset"))
        return std::nullopt;
    if (auto found = judge(command, left, right)) return found;
    if (command.compare == comparison::pop) even_out(command, left, right);
    if (command.compare == comparison::dump)
        left_.dump = right_.dump = left.type == '$' && !left.null ? left.text : "";
    return std::nullopt;
}

// After SPOP: neither has what one of them gave, so that they are alike again.
void match::even_out(const random_command& command, const wire_value& left,
                     const wire_value& right) {
    if (left.type == '-' || left.null || left.type == '_' || command.arguments.size() < 2) return;
    const std::vector<std::string> first = flatten(left);
    const std::vector<std::string> second = flatten(right);
    if (std::ranges::is_permutation(first, second)) return;
    left_.remove(command.connection, command.arguments[1], second);
    right_.remove(command.connection, command.arguments[1], first);
    if (first.size() > 1) same_set_forms_ = false;
}

std::optional<difference> match::receive(const random_command& command) {
    ++compared;
    const std::string left = left_.receive(command.connection);
    const std::string right = right_.receive(command.connection);
    const wire_value left_value = parse_reply(left);
    if (left != right)
        if (auto found = judge(command, left_value, parse_reply(right))) return found;
    follow(command, left_value);
    return std::nullopt;
}

// Both reply, or both wait. Each may take a moment to be seen in either.
std::optional<difference> match::wait(const random_command& command) {
    using enum player::progress;
    const auto deadline = std::chrono::steady_clock::now() + patience_;
    while (true) {
        const auto left = left_.look_at(command.connection);
        const auto right = right_.look_at(command.connection);
        if (left == replied && right == replied) {
            const bool waited_before = lanes_[command.connection].waiting.has_value();
            lanes_[command.connection].waiting.reset();
            auto found = receive(command);
            if (found && waited_before) found->command += " (which waited)";
            return found;
        }
        if (left == waiting && right == waiting) {
            if (!lanes_[command.connection].waiting) ++waited;
            lanes_[command.connection].waiting = command;
            return std::nullopt;
        }
        if (std::chrono::steady_clock::now() > deadline) {
            const auto spell = [&](player& server, player::progress state) {
                if (state == replied)
                    return spell_line(parse_reply(server.receive(command.connection)));
                return std::string{state == waiting ? "(it waits)" : "(neither reply nor wait)"};
            };
            return difference{index_, spell_command(command) + " (which waits)", spell(left_, left),
                              spell(right_, right)};
        }
        std::this_thread::sleep_for(100us);
    }
}

std::optional<difference> match::settle_all() {
    for (lane& each : lanes_)
        if (each.waiting) {
            const random_command command = *each.waiting;
            if (auto found = wait(command)) return found;
        }
    return std::nullopt;
}

// At the end of a round, those who still wait are sent on.
std::optional<difference> match::release_all() {
    bool with_error = false;
    for (lane& each : lanes_) {
        if (!each.waiting) continue;
        const random_command command = *each.waiting;
        const std::string how = with_error ? "ERROR" : "TIMEOUT";
        with_error = !with_error;
        const random_command release{0, {"CLIENT", "UNBLOCK", "(at the end)", how}};
        const wire_value left = left_.unblock(command.connection, how);
        if (auto found = judge(release, left, right_.unblock(command.connection, how)))
            return found;
        if (auto found = wait(command)) return found;
    }
    return std::nullopt;
}

void match::follow(const random_command& command, const wire_value& reply) {
    lane& own = lanes_[command.connection];
    const std::string name = upper(command.arguments[0]);
    if (reply.type == '+' && reply.text == "QUEUED") {
        own.queued.push_back(command.compare);
    } else if (name == "MULTI" && reply.type == '+') {
        own.in_transaction = true;
    } else if (name == "EXEC" || (name == "DISCARD" && reply.type == '+') ||
               (name == "RESET" && reply.type == '+')) {
        own.in_transaction = false;
        own.queued.clear();
    }
}

std::optional<difference> match::judge(const random_command& command, const wire_value& left,
                                       const wire_value& right) {
    const bool same = command.compare == comparison::transaction
                          ? alike_transactions(lanes_[command.connection].queued, left, right)
                          : alike(command.compare, left, right);
    if (same) return std::nullopt;
    return difference{index_, spell_command(command), spell_from(left, right),
                      spell_from(right, left)};
}

std::optional<difference> match::compare_events() {
    const std::vector<std::string> left = left_.events();
    const std::vector<std::string> right = right_.events();
    ++compared;
    if (left == right || !same_events_) return std::nullopt;
    const auto part = std::ranges::mismatch(left, right);
    const auto spell = [](auto at, auto end) {
        std::string text;
        for (int shown = 0; at != end && shown < 4; ++at, ++shown)
            text += (text.empty() ? "" : ", ") + *at;
        return text.empty() ? std::string{"(no more)"} : text;
    };
    return difference{index_, "(keyspace events)", spell(part.in1, left.end()),
                      spell(part.in2, right.end())};
}

// What the commands left behind: keys, values, encodings, times.
std::optional<difference> match::compare_keyspaces() {
    const random_command reset{0, {"RESET"}};
    left_.ask(reset);
    right_.ask(reset);
    lanes_[0] = {};
    for (int database = 0; database < databases; ++database)
        if (auto found = compare_database(database)) return found;
    return std::nullopt;
}

// The command that gives all that a value of this type has.
random_command whole_value(const std::string& type, const std::string& key, bool ordered) {
    using enum comparison;
    if (type == "string") return {0, {"GET", key}};
    if (type == "list") return {0, {"LRANGE", key, "0", "-1"}};
    if (type == "hash") return {0, {"HGETALL", key}, ordered ? exact : pairs};
    if (type == "set") return {0, {"SMEMBERS", key}, ordered ? exact : unordered};
    return {0, {"ZRANGE", key, "0", "-1", "WITHSCORES"}};
}

std::optional<difference> match::compare_database(int database) {
    const random_command select{0, {"SELECT", std::to_string(database)}};
    if (auto found = judge(select, left_.ask(select), right_.ask(select))) return found;
    const random_command keys{0, {"SCAN", "0"}, comparison::scan};
    const wire_value all = left_.scan(keys);
    if (auto found = judge(keys, all, right_.scan(keys))) return found;
    if (auto found = more({0, {"DBSIZE"}, comparison::size})) return found;
    for (const wire_value& key : all.elements) {
        if (auto found = more({0, {"OBJECT", "ENCODING", key.text}, comparison::encoding}))
            return found;
        const std::string type = left_.ask({0, {"TYPE", key.text}}).text;
        const std::string encoding = left_.ask({0, {"OBJECT", "ENCODING", key.text}}).text;
        const command_stream questions{
            {0, {"TYPE", key.text}},
            whole_value(type, key.text,
                        encoding == "intset" || (encoding == "listpack" && same_dumps_)),
            {0, {"PEXPIRETIME", key.text}, comparison::milliseconds}};
        for (const random_command& question : questions) {
            left_.send(question);
            right_.send(question);
        }
        for (const random_command& question : questions)
            if (auto found = receive(question)) return found;
    }
    return std::nullopt;
}

} // namespace

std::optional<difference> duel::play(const command_stream& commands, random_source batches,
                                     bool pipelined) {
    match both{left_, right_, patience};
    auto found = both.play(commands, batches, pipelined);
    compared_ += both.compared;
    waited_ += both.waited;
    return found;
}

} // namespace mini_redis::test
