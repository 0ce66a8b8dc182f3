#ifndef PENSTOCK_SERVER_RPC_PUT_SERVICE_H_
#define PENSTOCK_SERVER_RPC_PUT_SERVICE_H_

#include "penstock/v1/put.grpc.pb.h"
#include "plugin/remote.h"
#include "server/session/session_service.h"

namespace penstock {

// Every call typed but PutObject, whose messages come as gRPC received them.
using RawPutService = v1::PutService::WithRawCallbackMethod_PutObject<
    v1::PutService::WithCallbackMethod_GetSession<v1::PutService::WithCallbackMethod_ListSessions<
        v1::PutService::WithCallbackMethod_AbortSession<
            v1::PutService::WithCallbackMethod_ListRemotes<v1::PutService::Service>>>>>;

// penstock.v1.PutService over the session layer. Everything given must outlive the service.
class PutService final : public RawPutService {
 public:
  PutService(SessionService& sessions, const Remotes& remotes)
      : sessions_(sessions), remotes_(remotes) {}

  grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* PutObject(
      grpc::CallbackServerContext* context) override;
  grpc::ServerUnaryReactor* GetSession(grpc::CallbackServerContext* context,
                                       const v1::GetSessionRequest* request,
                                       v1::GetSessionResponse* response) override;
  grpc::ServerUnaryReactor* ListSessions(grpc::CallbackServerContext* context,
                                         const v1::ListSessionsRequest* request,
                                         v1::ListSessionsResponse* response) override;
  grpc::ServerUnaryReactor* AbortSession(grpc::CallbackServerContext* context,
                                         const v1::AbortSessionRequest* request,
                                         v1::AbortSessionResponse* response) override;
  grpc::ServerUnaryReactor* ListRemotes(grpc::CallbackServerContext* context,
                                        const v1::ListRemotesRequest* request,
                                        v1::ListRemotesResponse* response) override;

 private:
  SessionService& sessions_;
  const Remotes& remotes_;
};

}  // namespace penstock

#endif  // PENSTOCK_SERVER_RPC_PUT_SERVICE_H_
