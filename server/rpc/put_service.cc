#include "server/rpc/put_service.h"

#include <utility>

#include "base/error.h"
#include "server/rpc/convert.h"
#include "server/rpc/put_object_stream.h"

namespace penstock {
namespace {

// Callers are not told apart yet: all sessions belong to one principal.
constexpr char kAnonymous[] = "";

template <typename Request>
absl::StatusOr<SessionService::SessionName> NameOf(const Request& request) {
  if (request.session_token().empty() && request.session_id().empty()) {
    return MakeError(absl::StatusCode::kInvalidArgument, "NAME_REQUIRED",
                     "expected a session token or a session id, got neither");
  }
  return SessionService::SessionName{kAnonymous, request.session_token(), request.session_id()};
}

}  // namespace

grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* PutService::PutObject(
    grpc::CallbackServerContext*) {
  return ServePutObject(sessions_, kAnonymous);
}

grpc::ServerUnaryReactor* PutService::GetSession(grpc::CallbackServerContext* context,
                                                 const v1::GetSessionRequest* request,
                                                 v1::GetSessionResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const auto name = NameOf(*request);
  if (!name.ok()) {
    reactor->Finish(ToGrpcStatus(name.status()));
    return reactor;
  }
  sessions_.Get(*name, [reactor, response,
                        token = request->session_token()](absl::StatusOr<SessionView> view) {
    if (view.ok()) *response->mutable_session() = ToProto(view->record, view->connected, token);
    reactor->Finish(ToGrpcStatus(view.status()));
  });
  return reactor;
}

grpc::ServerUnaryReactor* PutService::ListSessions(grpc::CallbackServerContext* context,
                                                   const v1::ListSessionsRequest* request,
                                                   v1::ListSessionsResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const auto query = FromProto(*request, kAnonymous);
  if (!query.ok()) {
    reactor->Finish(ToGrpcStatus(query.status()));
    return reactor;
  }
  sessions_.List(*query, [reactor, response](absl::StatusOr<SessionViews> views) {
    if (views.ok()) {
      for (const SessionView& view : views->sessions) {
        *response->add_sessions() = ToProto(view.record, view.connected, "");
      }
      response->set_next_page_token(views->next_page_token);
    }
    reactor->Finish(ToGrpcStatus(views.status()));
  });
  return reactor;
}

grpc::ServerUnaryReactor* PutService::AbortSession(grpc::CallbackServerContext* context,
                                                   const v1::AbortSessionRequest* request,
                                                   v1::AbortSessionResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const auto name = NameOf(*request);
  if (!name.ok()) {
    reactor->Finish(ToGrpcStatus(name.status()));
    return reactor;
  }
  sessions_.Abort(*name, [reactor, response,
                          token = request->session_token()](absl::StatusOr<SessionView> view) {
    if (view.ok()) *response->mutable_session() = ToProto(view->record, view->connected, token);
    reactor->Finish(ToGrpcStatus(view.status()));
  });
  return reactor;
}

grpc::ServerUnaryReactor* PutService::ListRemotes(grpc::CallbackServerContext* context,
                                                  const v1::ListRemotesRequest*,
                                                  v1::ListRemotesResponse* response) {
  const int64_t memory_budget = sessions_.environment().config.memory_budget;
  for (const auto& [name, remote] : remotes_) {
    *response->add_remotes() =
        ToProto(name, *remote.kind, remote.backend->capabilities(), memory_budget);
  }
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  reactor->Finish(grpc::Status::OK);
  return reactor;
}

}  // namespace penstock
