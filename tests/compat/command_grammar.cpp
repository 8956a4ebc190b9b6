#include "command_grammar.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <set>

#include "command_rules.hpp"

namespace mini_redis::test {
namespace {

constexpr std::string_view word_characters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_*";

// Where a command of the SCAN family has its cursor.
std::size_t cursor_position(const random_command& command) {
    return command.arguments[0] == "SCAN" ? 1 : 2;
}

// Until something comes, or for the moment that some rules say.
bool may_wait(const random_command& command) {
    return command.compare == comparison::blocking || command.arguments.back() == "0.01";
}

// 7.2 chooses the form of what HSET, SADD and ZADD create by how many they name, also if they name
// one twice.
void drop_repetitions(std::string_view rule, std::vector<std::string>& words) {
    const bool set = rule.starts_with("SADD");
    const bool hash = rule.starts_with("HSET|") || rule.starts_with("HSET ");
    if (!set && !hash && !rule.starts_with("ZADD")) return;
    const std::size_t width = set ? 1 : 2;
    std::set<std::string> seen;
    for (std::size_t end = words.size(); end >= 2 + width; end -= width) {
        const std::string& name = words[hash ? end - 2 : end - 1];
        if (seen.insert(name).second) continue;
        const auto at = words.begin() + static_cast<std::ptrdiff_t>(end);
        words.erase(at - static_cast<std::ptrdiff_t>(width), at);
    }
}

} // namespace

std::uint64_t random_source::next() noexcept { // splitmix64
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
}

void command_generator::open(std::vector<random_command>& stream) {
    if (random_.one_in(3)) return;
    const auto set = [&](std::string_view name, std::initializer_list<std::string_view> values,
                         comparison compare = comparison::exact) {
        if (random_.one_in(3)) return;
        const std::string_view value = values.begin()[random_.below(values.size())];
        stream.push_back({0, {"CONFIG", "SET", std::string{name}, std::string{value}}, compare});
    };
    set("hash-max-listpack-entries", {"0", "3", "8", "20"});
    set("hash-max-listpack-value", {"0", "2", "10", "100"});
    set("zset-max-listpack-entries", {"0", "3", "8", "20"});
    set("zset-max-listpack-value", {"0", "2", "10", "100"});
    set("set-max-intset-entries", {"0", "3", "8", "20"});
    set("list-max-listpack-size", {"1", "2", "4", "-1", "10"});
    set("stream-node-max-entries", {"0", "1", "2", "3", "8"});
    set("stream-node-max-bytes", {"0", "50", "150", "1000"});
    set("hll-sparse-max-bytes", {"0", "20", "40", "3000"});
    // Since 7.2 only; seen in nothing but OBJECT ENCODING.
    set("set-max-listpack-entries", {"0", "3", "8", "20"}, comparison::any);
    set("set-max-listpack-value", {"0", "2", "10"}, comparison::any);
}

void command_generator::append_to(std::vector<random_command>& stream) {
    static const int total = [] {
        int sum = 0;
        for (const command_rule& rule : command_rules())
            sum += rule.weight;
        return sum;
    }();
    if (random_.one_in(6)) connection_ = random_.below(connections_);
    if (in_transaction_[connection_] && random_.one_in(6)) {
        in_transaction_[connection_] = false;
        const bool discard = random_.one_in(6);
        stream.push_back({connection_,
                          {discard ? "DISCARD" : "EXEC"},
                          discard ? comparison::exact : comparison::transaction});
        return;
    }
    int pick = static_cast<int>(random_.below(static_cast<std::size_t>(total)));
    const command_rule* rule = command_rules().data();
    while (pick >= rule->weight)
        pick -= rule++->weight;
    random_command command{connection_, {}, rule->compare};
    expand(rule->text, command.arguments);
    // The first connection never waits for others, so that there is one to go on with.
    if (command.compare == comparison::blocking && connection_ == 0)
        command.connection = 1 + random_.below(connections_ - 1);
    drop_repetitions(rule->text, command.arguments);
    if (random_.one_in(20)) spoil(command);
    // What a cursor that was never given out leads to is any server's own affair.
    if (command.compare == comparison::scan) {
        const std::size_t at = cursor_position(command);
        if (command.arguments.size() > at && command.arguments[at] != "0")
            command.compare = comparison::shape;
    }
    // Since 7.2, LPOS refuses this rank.
    if (rule->text.starts_with("LPOS"))
        std::ranges::replace(command.arguments, "-9223372036854775808", "-9223372036854775807");
    if (command.arguments[0] == "MULTI") in_transaction_[connection_] = true;
    constexpr bool has_scripts = MINI_REDIS_HAS_SCRIPTS != 0;
    if (has_scripts && command.compare == comparison::exact && random_.one_in(8))
        put_into_script(command);
    stream.push_back(std::move(command));
}

void command_generator::expand(std::string_view rule, std::vector<std::string>& out) {
    while (!rule.empty()) {
        const std::size_t end = std::min(rule.find(' '), rule.size());
        if (end > 0) expand_word(rule.substr(0, end), out);
        rule.remove_prefix(std::min(end + 1, rule.size()));
    }
}

void command_generator::expand_word(std::string_view word, std::vector<std::string>& out) {
    if (word.size() > 1 && std::string_view{"?*+#"}.find(word[0]) != std::string_view::npos) {
        std::size_t times = 0;
        switch (word[0]) {
        case '?': times = random_.below(2); break;
        case '*':
            // Mostly none or one: with more, nearly every command would be a syntax error.
            times = random_.one_in(3) ? random_.below(4) : random_.below(2);
            break;
        case '#': times = 1 + random_.below(random_.one_in(4) ? 200 : 25); break;
        default: times = 1 + random_.below(4);
        }
        for (; times > 0; --times)
            expand_word(word.substr(1), out);
        return;
    }
    if (const auto choices = std::ranges::count(word, '|'); choices > 0) {
        for (std::size_t skip = random_.below(static_cast<std::size_t>(choices) + 1); skip > 0;
             --skip)
            word.remove_prefix(word.find('|') + 1);
        return expand_word(word.substr(0, word.find('|')), out);
    }
    const auto rules = named_rules();
    const auto named = std::ranges::find(rules, word, &named_rule::name);
    if (named != rules.end()) {
        std::vector<std::string_view> alternatives;
        std::string_view rest = named->alternatives;
        for (std::size_t end = 0; end != rest.npos;) {
            end = rest.find(" / ");
            alternatives.push_back(rest.substr(0, end));
            if (end != rest.npos) rest.remove_prefix(end + 3);
        }
        return expand(alternatives[random_.below(alternatives.size())], out);
    }
    if (word.find_first_not_of(word_characters) == word.npos) {
        out.emplace_back(word);
        return;
    }
    out.push_back(terminal(word));
}

// The same command, called by a script.
void command_generator::put_into_script(random_command& command) {
    // What is about the connection is not for scripts, and MULTI would not begin what follows. The
    // sets that COMMAND gives come out of Lua in any order.
    for (const std::string_view name : {"MULTI", "SELECT", "COMMAND"})
        if (command.arguments[0] == name) return;
    static constexpr std::array<std::string_view, 5> scripts{
        "return redis.call(unpack(ARGV))",
        "return redis.pcall(unpack(ARGV))",
        "redis.setresp(3) return redis.call(unpack(ARGV))",
        "return {redis.pcall(unpack(ARGV)), redis.pcall(unpack(ARGV))}",
        "local reply = redis.call(unpack(ARGV)) if type(reply) == 'table' then return #reply end "
        "return {type(reply), reply}",
    };
    std::vector<std::string> words{"EVAL", std::string{scripts[random_.below(scripts.size())]}};
    // Some of what it says are its keys is none, and some of its keys are not said: they are words.
    const std::size_t keys = random_.below(std::min<std::size_t>(command.arguments.size(), 3));
    words.push_back(std::to_string(keys));
    for (std::size_t i = 1; i <= keys; ++i)
        words.push_back(command.arguments[i]);
    words.insert(words.end(), command.arguments.begin(), command.arguments.end());
    command.arguments = std::move(words);
}

void command_generator::spoil(random_command& command) {
    std::vector<std::string>& arguments = command.arguments;
    const std::size_t at = random_.below(arguments.size());
    // What another cursor than 0 means is each server's own affair.
    if (command.compare == comparison::scan && at <= cursor_position(command)) return;
    // CLIENT KILL and the like are not for a word that nobody chose.
    if (arguments[0] == "CLIENT") return;
    // COMMAND GETKEYS takes "+1 " for a number of keys, as atoi() does, though no command would.
    if (arguments[0] == "COMMAND") return;
    // Without its count, SPOP takes what nobody can tell.
    if (arguments[0] == "SPOP" && command.compare != comparison::pop) return;
    // 7.2 knows a further option of them.
    if (arguments[0].ends_with("RANK")) return;
    const auto position = arguments.begin() + static_cast<std::ptrdiff_t>(at);
    // A count of -9223372036854775807 is an order that Redis carries out; so is to wait a second.
    const bool numbers = command.compare != comparison::random && !may_wait(command);
    switch (random_.below(5)) {
    case 0:
        if (numbers) arguments.insert(position + 1, terminal("junk"));
        break;
    case 1:
        if (at > 0) arguments.erase(position);
        break;
    case 2:
        if (at > 0 && numbers) *position = terminal("junk");
        break;
    case 3:
        if (numbers) arguments.push_back(value());
        break;
    default:
        for (char& c : arguments[0])
            if (random_.one_in(2))
                c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
}

} // namespace mini_redis::test
