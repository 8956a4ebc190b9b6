#include "client/introduction.hpp"

#include <asio/error.hpp>
#include <memory>
#include <mini_redis/error.hpp>
#include <mini_redis/version.hpp>
#include <mini_redis/wakeup.hpp>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "resp/output_buffer.hpp"
#include "resp/reply_parser.hpp"
#include "resp/request_writer.hpp"

namespace mini_redis {

namespace {

// A conversation on a transport that has no other yet: requests, then as many replies.
class conversation {
public:
    explicit conversation(transport& with) noexcept : with_{with} {}

    template <class... Words>
    void say(const Words&... words) {
        write_request(said_, words...);
        ++expected_;
    }

    void say(const std::vector<std::string_view>& words) {
        write_request(said_, std::span<const std::string_view>{words});
        ++expected_;
    }

    /// The replies to all that was said.
    asio::awaitable<std::vector<frame>> listen() {
        co_await write();
        std::vector<frame> replies;
        while (replies.size() < expected_) {
            const reply_parser::result result = parser_.parse(heard_.view());
            if (result == reply_parser::result::error)
                throw std::system_error(errc::protocol_error, parser_.error_text());
            if (result == reply_parser::result::need_more) {
                co_await read();
                continue;
            }
            const reply_view reply = parser_.view(heard_.data());
            if (reply.type() != frame_type::push) replies.push_back(reply.to_frame());
            heard_.consume(parser_.consumed());
        }
        expected_ = 0;
        co_return replies;
    }

    bool has_heard() const noexcept { return has_heard_; }

private:
    asio::awaitable<void> write() {
        while (!said_.empty()) {
            std::error_code error;
            const std::size_t size = with_.write_some(said_.view(), error);
            if (error == asio::error::would_block || error == asio::error::try_again)
                co_await wait_for_room();
            else if (error)
                throw std::system_error(error);
            else
                said_.consume(size);
        }
    }

    asio::awaitable<void> wait_for_room() {
        const auto room = std::make_shared<wakeup>(co_await asio::this_coro::executor);
        with_.when_writable([room] { room->notify(); });
        co_await room->wait();
    }

    asio::awaitable<void> read() {
        constexpr std::size_t room = 4096;
        const auto into = asio::buffer(heard_.prepare(room), room);
        std::error_code error;
        std::size_t size = 0;
        if (with_.has_tls())
            std::tie(error, size) = co_await with_.read_through_tls(into);
        else
            std::tie(error, size) = co_await with_.socket().async_read_some(into, use_tuple);
        if (error == asio::error::eof) error = errc::connection_closed;
        if (error) throw std::system_error(error);
        heard_.commit(size);
        has_heard_ = true;
    }

    transport& with_;
    output_buffer said_;
    std::size_t expected_ = 0;
    reply_parser parser_;
    output_buffer heard_;
    bool has_heard_ = false;
};

bool is_closed(const std::error_code& error) {
    return error == errc::connection_closed || error == asio::error::connection_reset ||
           error == asio::error::broken_pipe;
}

asio::awaitable<frame> say_hello(conversation& talk, const connect_options& options,
                                 std::string_view user) {
    if (options.password.empty())
        talk.say("HELLO", 3);
    else
        talk.say("HELLO", 3, "AUTH", user, options.password);
    try {
        std::vector<frame> replies = co_await talk.listen();
        co_return std::move(replies[0]);
    } catch (const std::system_error& error) {
        if (!talk.has_heard() && is_closed(error.code())) throw hello_unanswered(error.code());
        throw;
    }
}

void expect_ok(const frame& reply) {
    if (reply.is_error()) throw redis_error(std::string{reply.text()});
}

// It wants somebody else, or nobody. What else PING may be answered says nothing against calls.
bool lets_nobody_in(const frame& reply) {
    if (!reply.is_error()) return false;
    for (const std::string_view beginning :
         {"NOAUTH", "DENIED", "ERR operation not permitted", "ERR max number of clients"})
        if (reply.text().starts_with(beginning)) return true;
    return false;
}

bool does_not_know_hello(const frame& reply) {
    return reply.text().starts_with("NOPROTO") || reply.text().starts_with("ERR unknown command");
}

} // namespace

asio::awaitable<protocol_version> introduce(transport& to, const connect_options& options,
                                            protocol_version asked) {
    conversation talk{to};
    auto agreed = protocol_version::resp2;
    const std::string_view user = options.user.empty() ? "default" : std::string_view{options.user};
    bool is_known = false;
    if (asked == protocol_version::resp3) {
        const frame reply = co_await say_hello(talk, options, user);
        if (!does_not_know_hello(reply)) {
            expect_ok(reply);
            agreed = protocol_version::resp3;
            is_known = true;
        }
    }
    if (!is_known && !options.password.empty()) {
        if (options.user.empty())
            talk.say("AUTH", options.password);
        else
            talk.say("AUTH", options.user, options.password);
        const std::vector<frame> replies = co_await talk.listen();
        expect_ok(replies[0]);
        is_known = true;
    }
    // The rest goes in one piece. SETINFO is of Redis 7.2; what older ones answer is no matter.
    std::size_t needed = 0;
    if (!options.client_name.empty()) talk.say("CLIENT", "SETNAME", options.client_name), ++needed;
    if (options.database != 0) talk.say("SELECT", options.database), ++needed;
    if (agreed == protocol_version::resp3) {
        talk.say("CLIENT", "SETINFO", "LIB-NAME", "mini-redis");
        talk.say("CLIENT", "SETINFO", "LIB-VER", version);
    }
    const bool has_to_ask = !is_known && needed == 0 && options.ask_before_calls;
    if (has_to_ask) talk.say("PING");
    const std::vector<frame> replies = co_await talk.listen();
    for (std::size_t i = 0; i < needed; ++i)
        expect_ok(replies[i]);
    if (has_to_ask && lets_nobody_in(replies.back())) expect_ok(replies.back());
    co_return agreed;
}

} // namespace mini_redis
