#ifndef PENSTOCK_SERVER_RPC_PUT_SERVICE_H_
#define PENSTOCK_SERVER_RPC_PUT_SERVICE_H_

#include "penstock/v1/put.grpc.pb.h"
#include "plugin/remote.h"
#include "server/session/session_service.h"

namespace penstock {

// penstock.v1.PutService over the session layer. Everything given must outlive the service.
class PutService final : public v1::PutService::CallbackService {
 public:
  PutService(SessionService& sessions, const Remotes& remotes)
      : sessions_(sessions), remotes_(remotes) {}

  grpc::ServerBidiReactor<v1::PutObjectRequest, v1::PutObjectResponse>* PutObject(
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
