// The clients of this library, for client_compare: as they are used, with their default time-outs.
#pragma once

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <cstddef>
#include <exception>
#include <mini_redis/blocking_client.hpp>
#include <mini_redis/client.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>

#include "client_load.hpp"

inline void check(const std::optional<std::string>& value, const client_load& load) {
    if (!value || value->size() != load.value_size)
        throw std::runtime_error("ours: not the reply that was expected");
}

inline std::string address_of(const server_endpoint& server) {
    return server.host + ":" + std::to_string(server.port);
}

/// `pipeline` with so many GETs more.
template <std::size_t Count>
auto add_gets(auto pipeline, const std::string& key) {
    if constexpr (Count == 0)
        return pipeline;
    else
        return add_gets<Count - 1>(pipeline.get(key), key);
}

void check_each(const auto& values, const client_load& load) {
    std::apply([&](const auto&... each) { (check(each, load), ...); }, values);
}

inline constexpr std::size_t pipeline_length = 10;

/// A client for coroutines or callbacks of one loop.
template <class Executor>
class own_driver {
public:
    explicit own_driver(const server_endpoint& server) {
        spawn_and_run(1, [&] { return connect(address_of(server)); });
    }

    /// `at_once` coroutines, each with one call under way.
    void get_from_coroutines(const client_load& load) {
        spawn_and_run(load.at_once, [&] { return get_often(load); });
    }

    /// Keeps `at_once` calls under way: each callback makes the next call.
    void get_by_callbacks(const client_load& load) {
        callback_state state{*this, load, 1, load.calls - load.at_once, load.calls};
        run_callbacks(state);
    }

    /// `at_once` calls; the callback of the last one makes as many again.
    void get_in_batches(const client_load& load) {
        callback_state state{*this, load, load.at_once, load.calls - load.at_once, load.calls};
        run_callbacks(state);
    }

    /// client::pipeline with 10 calls, one pipeline after the other.
    void get_in_pipelines(const client_load& load) {
        spawn_and_run(1, [&] { return execute_often(load); });
    }

private:
    struct callback_state {
        own_driver& driver;
        const client_load& load;
        long batch; // so many calls are begun when so many have ended
        long not_begun;
        long not_ended;
    };

    struct on_reply {
        callback_state* state;

        void operator()(const std::exception_ptr& thrown, const std::optional<std::string>& value) {
            if (thrown) std::rethrow_exception(thrown);
            check(value, state->load);
            if (--state->not_ended == 0) state->driver.context_.stop();
            if (state->not_begun == 0 || state->not_ended % state->batch != 0) return;
            state->not_begun -= state->batch;
            begin(*state, state->batch);
        }
    };

    static void begin(callback_state& state, long calls) {
        for (long i = 0; i < calls; ++i)
            state.driver.client_.get(state.load.key, on_reply{&state});
    }

    void run_callbacks(callback_state& state) {
        begin(state, state.load.at_once);
        run();
    }

    Executor executor() { return context_.get_executor(); }

    asio::awaitable<void, Executor> connect(std::string address) {
        client_ = co_await mini_redis::basic_client<Executor>::connect(address);
    }

    asio::awaitable<void, Executor> get_often(const client_load& load) {
        for (long i = 0; i < load.calls / load.at_once; ++i) {
            const std::optional<std::string> value = co_await client_.get(load.key);
            check(value, load);
        }
    }

    asio::awaitable<void, Executor> execute_often(const client_load& load) {
        constexpr auto length = static_cast<long>(pipeline_length);
        for (long done = 0; done < load.calls; done += length) {
            auto pipeline = add_gets<pipeline_length>(client_.pipeline(), load.key);
            const auto values = co_await pipeline.execute();
            check_each(values, load);
        }
    }

    /// Runs so many coroutines to their end.
    void spawn_and_run(long count, auto make) {
        long running = count;
        for (long i = 0; i < count; ++i) {
            asio::co_spawn(executor(), make(), [&](const std::exception_ptr& thrown) {
                if (thrown) std::rethrow_exception(thrown);
                if (--running == 0) context_.stop();
            });
        }
        run();
    }

    // Until stop(): the connection keeps the loop busy for ever.
    void run() {
        context_.restart();
        context_.run();
    }

    asio::io_context context_{1};
    mini_redis::basic_client<Executor> client_;
};

/// blocking_client.
class own_blocking_driver {
public:
    explicit own_blocking_driver(const server_endpoint& server)
        : client_{mini_redis::blocking_client::connect(address_of(server))} {}

    mini_redis::blocking_client& client() noexcept { return client_; }

    void get_one_by_one(const client_load& load) {
        for (long i = 0; i < load.calls; ++i)
            check(client_.get(load.key), load);
    }

    /// blocking_client::pipeline with 10 calls, one pipeline after the other.
    void get_in_pipelines(const client_load& load) {
        constexpr auto length = static_cast<long>(pipeline_length);
        for (long done = 0; done < load.calls; done += length)
            check_each(add_gets<pipeline_length>(client_.pipeline(), load.key).execute(), load);
    }

private:
    mini_redis::blocking_client client_;
};
