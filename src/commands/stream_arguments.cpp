#include "commands/stream_arguments.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fmt/format.h>
#include <string>

#include "commands/arguments.hpp"
#include "resp/number.hpp"

namespace mini_redis {
namespace {

constexpr std::uint64_t most_seq = stream_id::most().seq;
constexpr std::size_t longest_id = 127;

// As Redis reads the halves of an id: what is no integer in canonical spelling may still be what
// strtoull() takes, with spaces, zeros and a sign in front.
std::optional<std::uint64_t> parse_half(std::string_view text) noexcept {
    if (const std::optional<std::int64_t> number = parse_integer(text))
        return *number < 0 ? std::nullopt : std::optional{static_cast<std::uint64_t>(*number)};
    if (text.empty() || text.size() > longest_id) return std::nullopt;
    char copy[longest_id + 1];
    std::memcpy(copy, text.data(), text.size());
    copy[text.size()] = '\0';
    char* end = nullptr;
    errno = 0;
    const unsigned long long value = std::strtoull(copy, &end, 10);
    if (errno != 0 || end == copy || *end != '\0') return std::nullopt;
    return value;
}

// A seq of "*" is told by `any_seq`, if that is wanted.
std::optional<stream_id> parse(std::string_view word, std::uint64_t missing,
                               bool* any_seq) noexcept {
    if (word.size() > longest_id) return std::nullopt;
    word = shown(word);
    const std::size_t dash = word.find('-');
    const std::optional<std::uint64_t> ms = parse_half(word.substr(0, dash));
    if (!ms) return std::nullopt;
    if (dash == std::string_view::npos) return stream_id{*ms, missing};
    const std::string_view behind = word.substr(dash + 1);
    if (any_seq != nullptr && behind == "*") {
        *any_seq = true;
        return stream_id{*ms, 0};
    }
    const std::optional<std::uint64_t> seq = parse_half(behind);
    if (!seq) return std::nullopt;
    return stream_id{*ms, *seq};
}

// One end of a range, which "(" in front leaves out: then the next one in that direction.
enum class range_end { first, last };

std::optional<stream_id> end_argument(context& c, std::string_view word, range_end which) {
    const bool exclusive = word.size() > 1 && word.front() == '(';
    if (exclusive) word.remove_prefix(1);
    std::optional<stream_id> id;
    if (!exclusive && shown(word) == "-" && word.size() <= longest_id)
        id = stream_id::least();
    else if (!exclusive && shown(word) == "+" && word.size() <= longest_id)
        id = stream_id::most();
    else
        id = parse(word, which == range_end::first ? 0 : most_seq, nullptr);
    if (!id) {
        c.reply.error(replies::bad_stream_id);
        return std::nullopt;
    }
    if (!exclusive) return id;
    id = which == range_end::first ? id->next() : id->previous();
    if (!id)
        c.reply.error(which == range_end::first ? "ERR invalid start ID for the interval"
                                                : "ERR invalid end ID for the interval");
    return id;
}

} // namespace

std::optional<stream_id> parse_stream_id(std::string_view word, std::uint64_t missing) noexcept {
    return parse(word, missing, nullptr);
}

std::optional<stream_id> stream_id_argument(context& c, std::string_view word,
                                            std::uint64_t missing) {
    const std::optional<stream_id> id = parse_stream_id(word, missing);
    if (!id) c.reply.error(replies::bad_stream_id);
    return id;
}

std::optional<stream_range> stream_range_arguments(context& c, std::string_view first,
                                                   std::string_view last) {
    const std::optional<stream_id> from = end_argument(c, first, range_end::first);
    if (!from) return std::nullopt;
    const std::optional<stream_id> to = end_argument(c, last, range_end::last);
    if (!to) return std::nullopt;
    return stream_range{*from, *to};
}

// -- XADD and XTRIM ---------------------------------------------------------------------------

namespace {

// Reads the options one by one; each function replies and returns false where something is wrong.
class add_or_trim_parser {
public:
    add_or_trim_parser(context& c, bool adds) noexcept : c_{c}, adds_{adds} {}

    std::optional<add_or_trim_options> parse() {
        for (; at_ < c_.args.size() && !found_id_; ++at_)
            if (!take_option()) return std::nullopt;
        options_.id_at = at_ - (found_id_ ? 1 : 0);
        if (!check()) return std::nullopt;
        return options_;
    }

private:
    using what = stream_trim::what;

    bool refuse(std::string_view text) {
        c_.reply.error(text);
        return false;
    }

    bool take_option() {
        const std::string_view word = c_.args[at_];
        const bool more = at_ + 1 < c_.args.size();
        if (adds_ && shown(word) == "*") return found_id_ = true;
        if (more && equals_ignoring_case(word, "maxlen")) return take_length();
        if (more && equals_ignoring_case(word, "minid")) return take_id();
        if (more && equals_ignoring_case(word, "limit")) return take_limit();
        if (adds_ && equals_ignoring_case(word, "nomkstream")) {
            options_.may_create = false;
            return true;
        }
        if (!adds_) return refuse(replies::syntax_error);
        bool any_seq = false;
        const std::optional<stream_id> id = mini_redis::parse(word, 0, &any_seq);
        if (!id) return refuse(replies::bad_stream_id);
        options_.id = {*id, false, any_seq};
        return found_id_ = true;
    }

    bool begin_strategy(what strategy) {
        stream_trim& trim = options_.trim;
        if (trim.strategy != what::nothing)
            return refuse("ERR syntax error, MAXLEN and MINID options at the same time are not "
                          "compatible");
        trim.strategy = strategy;
        const std::string_view next = shown(c_.args[at_ + 1]);
        const bool more = at_ + 2 < c_.args.size();
        trim.approximate = more && next == "~";
        if (more && (next == "~" || next == "=")) ++at_;
        ++at_;
        return true;
    }

    bool take_length() {
        if (!begin_strategy(what::above_length)) return false;
        const std::optional<std::int64_t> length = integer_argument(c_, c_.args[at_]);
        if (!length) return false;
        if (*length < 0) return refuse("ERR The MAXLEN argument must be >= 0.");
        options_.trim.length = static_cast<std::uint64_t>(*length);
        return true;
    }

    bool take_id() {
        if (!begin_strategy(what::below_id)) return false;
        const std::optional<stream_id> id = stream_id_argument(c_, c_.args[at_]);
        if (id) options_.trim.id = *id;
        return id.has_value();
    }

    bool take_limit() {
        const std::optional<std::int64_t> limit = integer_argument(c_, c_.args[++at_]);
        if (!limit) return false;
        if (*limit < 0) return refuse("ERR The LIMIT argument must be >= 0.");
        options_.trim.limit = *limit;
        limited_ = true;
        return true;
    }

    // What can be said only when all are known.
    bool check() {
        stream_trim& trim = options_.trim;
        if (trim.limit != 0 && trim.strategy == what::nothing)
            return refuse("ERR syntax error, LIMIT cannot be used without specifying a trimming "
                          "strategy");
        if (!adds_ && trim.strategy == what::nothing)
            return refuse("ERR syntax error, XTRIM must be called with a trimming strategy");
        if (limited_ && !trim.approximate)
            return refuse("ERR syntax error, LIMIT cannot be used without the special ~ option");
        if (!limited_ && trim.approximate) trim.limit = default_limit();
        return true;
    }

    // So that an approximate trim does not take long, either.
    std::int64_t default_limit() const noexcept {
        const std::int64_t entries = c_.db.limits().stream_entries.load(std::memory_order_relaxed);
        if (entries <= 0) return 10'000;
        return entries >= 10'000 ? 1'000'000 : 100 * entries;
    }

    context& c_;
    bool adds_;
    bool found_id_ = false;
    bool limited_ = false;
    std::size_t at_ = 2;
    add_or_trim_options options_{};
};

} // namespace

std::optional<add_or_trim_options> add_or_trim_arguments(context& c, bool adds) {
    return add_or_trim_parser{c, adds}.parse();
}

std::optional<stream_count> stream_count_argument(context& c, std::string_view word) {
    const std::optional<std::int64_t> count = integer_argument(c, word);
    if (!count) return std::nullopt;
    return stream_count{static_cast<std::uint64_t>(*count < 0 ? 0 : *count)};
}

stream_group* existing_group(context& c, located found, std::string_view key,
                             std::string_view group, std::string_view in) {
    stream_group* const wanted = found ? stream_value::of(*found).find_group(group) : nullptr;
    if (wanted == nullptr)
        c.reply.error(fmt::format("NOGROUP No such key '{}' or consumer group '{}'{}", shown(key),
                                  shown(group), in));
    return wanted;
}

// -- Replies ----------------------------------------------------------------------------------

void write_stream_entry(reply_writer& out, const stream_entry& one) {
    out.array(2);
    write_stream_id(out, one.id());
    out.array(2 * one.fields());
    one.for_each([&](std::string_view field, std::string_view value) {
        out.bulk_string(field);
        out.bulk_string(value);
    });
}

void late_aggregate::finish(char type, std::size_t size) {
    char header[integer_digits + 3];
    header[0] = type;
    std::size_t length = 1 + format_unsigned(size, header + 1);
    header[length++] = '\r';
    header[length++] = '\n';
    insert({header, length});
}

void late_aggregate::put_in_front(const stream_id& id) {
    output_buffer bulk;
    reply_writer writer{bulk};
    write_stream_id(writer, id);
    insert(bulk.view());
}

void late_aggregate::insert(std::string_view bytes) {
    output_buffer& buffer = out_.buffer();
    const std::size_t written = buffer.size() - begin_;
    buffer.prepare(bytes.size());
    char* const at = buffer.data() + begin_;
    std::memmove(at + bytes.size(), at, written);
    std::memcpy(at, bytes.data(), bytes.size());
    buffer.commit(bytes.size());
}

} // namespace mini_redis
