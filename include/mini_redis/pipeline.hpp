// Several commands in one go: pipelines and transactions.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mini_redis/commands.hpp>
#include <mini_redis/detail/request_batch.hpp>
#include <mini_redis/detail/start_call.hpp>
#include <mini_redis/from_reply.hpp>
#include <mini_redis/result.hpp>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

namespace mini_redis {

/// What stands for a reply of nothing but OK in a tuple.
template <class Reply>
using tuple_value = std::conditional_t<std::is_void_v<Reply>, std::monostate, Reply>;

/// The replies of a pipeline as they come in, each an own success or failure.
template <class... Replies>
class reply_collector {
public:
    using all = std::tuple<result<Replies>...>;

    void add(const reply_view& reply) {
        add(reply, std::index_sequence_for<Replies...>{});
        ++next_;
    }

    /// When each of them has been added.
    all take() {
        return std::apply([](auto&... each) { return all{*std::move(each)...}; }, held_);
    }

    /// The values; throws the first failure there is.
    static std::tuple<tuple_value<Replies>...> values_of(all results) {
        return std::apply(
            [](auto&... each) { return std::tuple<tuple_value<Replies>...>{value_of(each)...}; },
            results);
    }

private:
    template <std::size_t... Index>
    void add(const reply_view& reply, std::index_sequence<Index...>) {
        ((Index == next_ ? set(std::get<Index>(held_), reply) : void()), ...);
    }

    template <class Reply>
    static void set(std::optional<result<Reply>>& at, const reply_view& reply) {
        try {
            at.emplace(read_reply<result<Reply>>(reply));
        } catch (...) {
            at.emplace(failure::from(std::current_exception()));
        }
    }

    template <class Reply>
    static tuple_value<Reply> value_of(result<Reply>& of) {
        if constexpr (std::is_void_v<Reply>)
            return of.value(), std::monostate{};
        else
            return std::move(of).value();
    }

    std::tuple<std::optional<result<Replies>>...> held_;
    std::size_t next_ = 0;
};

/// Reads the replies of a pipeline. With Each, the failure of one is its own.
template <bool Each, class... Replies>
class pipeline_reader {
public:
    static constexpr bool takes_errors = true;

    void collect(const reply_view& reply) { replies_.add(reply); }

    auto operator()(const reply_view& last) {
        replies_.add(last);
        if constexpr (Each)
            return replies_.take();
        else
            return reply_collector<Replies...>::values_of(replies_.take());
    }

private:
    reply_collector<Replies...> replies_;
};

/// Reads the replies of MULTI, of each command (QUEUED) and of EXEC, which has those that matter;
/// nothing, if a watched key has changed.
template <bool Each, class... Replies>
class transaction_reader {
public:
    static constexpr bool takes_errors = true;

    // An error tells why EXEC is going to refuse.
    void collect(const reply_view& reply) {
        if (reply.is_error() && !refused_) refused_ = std::string{reply.text()};
    }

    auto operator()(const reply_view& exec) {
        using found = std::optional<decltype(read(std::declval<reply_collector<Replies...>&>()))>;
        if (exec.is_error()) throw redis_error(refused_ ? *refused_ : std::string{exec.text()});
        if (exec.is_null()) return found{};
        if (!exec.is_aggregate() || exec.size() != sizeof...(Replies))
            unexpected_reply("the replies of a transaction", exec);
        reply_collector<Replies...> replies;
        for (const reply_view reply : exec)
            replies.add(reply);
        return found{read(replies)};
    }

private:
    static auto read(reply_collector<Replies...>& replies) {
        if constexpr (Each)
            return replies.take();
        else
            return reply_collector<Replies...>::values_of(replies.take());
    }

    std::optional<std::string> refused_;
};

/// The same where no key is watched.
template <bool Each, class... Replies>
class unwatched_reader {
public:
    static constexpr bool takes_errors = true;

    void collect(const reply_view& reply) { reader_.collect(reply); }

    auto operator()(const reply_view& exec) {
        auto replies = reader_(exec);
        if (!replies) unexpected_reply("the replies of a transaction", exec);
        return *std::move(replies);
    }

private:
    transaction_reader<Each, Replies...> reader_;
};

/// Commands that are sent together; client::pipeline and client::transaction make one.
///
///     auto [name, visits] = co_await c.pipeline().get("name").incr("visits").execute();
///
/// Each typed command adds itself, and command<Reply>(…). The requests are written out at once, so
/// that no argument is referred to afterwards. In a transaction (MULTI … EXEC) other clients see
/// either none of them done or all.
template <class Client, bool IsAtomic, class... Replies>
class basic_pipeline : public commands<basic_pipeline<Client, IsAtomic, Replies...>> {
public:
    /// What execute() gives.
    using replies = std::tuple<tuple_value<Replies>...>;

    explicit basic_pipeline(Client& on, request_batch requests = {}, call_settings settings = {})
        : client_{&on},
          requests_{std::move(requests)},
          settings_{settings} {}

    /// A time-out for all of it together, instead of the client's for a call; zero: none.
    basic_pipeline within(std::chrono::milliseconds time_out) {
        settings_.time_out = time_out;
        return std::move(*this);
    }

    /// They may be executed twice: all of them are sent again if their connection is lost.
    basic_pipeline idempotent() {
        settings_.idempotent = true;
        return std::move(*this);
    }

    /// Any command that has one reply, which is read as a Reply. What sets up the connection (AUTH,
    /// SELECT, CLIENT SETNAME …) is not for pipelines: they fail with errc::not_allowed.
    template <class Reply, class... Args>
    auto command(const Args&... args) {
        return issue_all<Reply>(*this, command_line{}, args...);
    }

    /// Sends them, and gives a tuple of all replies (std::monostate for a command that has none).
    ///
    /// *Errors*: the first of an error reply, or of a reply of another shape; the commands behind
    /// it are executed all the same.
    template <class... Token>
        requires(sizeof...(Replies) > 0)
    auto execute(Token... token) {
        using reader = std::conditional_t<IsAtomic, unwatched_reader<false, Replies...>,
                                          pipeline_reader<false, Replies...>>;
        return run<reader, replies>(std::move(token)...);
    }

    /// The same with a tuple of results: each command has its own success or failure.
    template <class... Token>
        requires(sizeof...(Replies) > 0)
    auto execute_each(Token... token) {
        using reader = std::conditional_t<IsAtomic, unwatched_reader<true, Replies...>,
                                          pipeline_reader<true, Replies...>>;
        return run<reader, std::tuple<result<Replies>...>>(std::move(token)...);
    }

    /// Of a transaction whose connection watches keys: the replies, or nothing was done, as one of
    /// the keys has changed.
    template <class... Token>
        requires(IsAtomic)
    auto execute_unless_changed(Token... token) {
        return run<transaction_reader<false, Replies...>, std::optional<replies>>(
            std::move(token)...);
    }

    /// For the commands: all words are copied here.
    template <class Reply, class Words>
    auto issue_copied(Words words, const call_settings& /*settings*/) {
        return issue<Reply>(std::move(words));
    }

    /// For the commands: one of two that do the same. Behind others there is no second try, so the
    /// one that never fails is taken.
    template <class Reply, class Words>
    auto issue_or(const Words& /*first*/, Words second) {
        return issue<Reply>(std::move(second));
    }

    /// For the commands: adds one.
    template <class Reply, class Words>
    auto issue(Words words) {
        with_views(words, [&](std::span<const std::string_view> views) {
            if (IsAtomic && requests_.size() == 0) requests_.add("MULTI");
            requests_.add(views);
        });
        return basic_pipeline<Client, IsAtomic, Replies..., Reply>{*client_, std::move(requests_),
                                                                   settings_};
    }

private:
    template <class Reader, class Value, class... Token>
    auto run(Token... token) {
        if (IsAtomic) {
            if (requests_.size() == 0) requests_.add("MULTI");
            requests_.add("EXEC");
        }
        settings_.replies = static_cast<std::uint32_t>(requests_.size());
        if (!requests_.are_allowed()) settings_.refused = errc::not_allowed;
        settings_.blocks = !IsAtomic && requests_.block(); // in a transaction nothing waits
        return client_->template start<Value>(std::move(requests_), settings_, Reader{},
                                              std::move(token)...);
    }

    Client* client_;
    request_batch requests_;
    call_settings settings_;
};

} // namespace mini_redis
