// sarama.
package main

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/IBM/sarama"

	"distributary/compat/walk"
)

func topicOf(name string) string { return "/activity:sarama-" + name }
func groupOf(name string) string { return "sarama-" + name }

func config() *sarama.Config {
	chosen := sarama.NewConfig()
	chosen.Version = sarama.MaxVersion
	chosen.Producer.RequiredAcks = sarama.WaitForAll
	chosen.Producer.Return.Successes = true
	chosen.Producer.Retry.Max = 60
	chosen.Producer.Retry.Backoff = 200 * time.Millisecond
	chosen.Producer.Transaction.Retry.Backoff = 20 * time.Millisecond
	chosen.Metadata.Retry.Max = 20
	chosen.Consumer.Offsets.Initial = sarama.OffsetOldest
	chosen.Consumer.MaxWaitTime = 100 * time.Millisecond
	chosen.Consumer.Return.Errors = true
	return chosen
}

func idempotent(id string) *sarama.Config {
	chosen := config()
	chosen.Producer.Idempotent = true
	chosen.Net.MaxOpenRequests = 1
	chosen.Producer.Transaction.ID = id
	return chosen
}

func withAdmin(work func(sarama.ClusterAdmin)) {
	admin := walk.Must(sarama.NewClusterAdmin([]string{walk.Broker}, config()))
	defer admin.Close()
	work(admin)
}

func create(topic string, partitions int32) string {
	withAdmin(func(admin sarama.ClusterAdmin) {
		walk.Check(admin.CreateTopic(topic, &sarama.TopicDetail{NumPartitions: partitions, ReplicationFactor: 1}, false))
	})
	return topic
}

func messages(topic string, texts []string) []*sarama.ProducerMessage {
	made := make([]*sarama.ProducerMessage, len(texts))
	for i, text := range texts {
		made[i] = &sarama.ProducerMessage{Topic: topic, Value: sarama.StringEncoder(text)}
	}
	return made
}

func put(chosen *sarama.Config, sent []*sarama.ProducerMessage) {
	sender := walk.Must(sarama.NewSyncProducer([]string{walk.Broker}, chosen))
	defer sender.Close()
	walk.Check(sender.SendMessages(sent))
}

// putEach sends `count` messages to each of `partitions` partitions.
func putEach(topic string, partitions, count int) {
	chosen := config()
	chosen.Producer.Partitioner = sarama.NewManualPartitioner
	var sent []*sarama.ProducerMessage
	for i := 0; i < partitions*count; i++ {
		value := sarama.StringEncoder(fmt.Sprint(i % partitions))
		sent = append(sent, &sarama.ProducerMessage{Topic: topic, Partition: int32(i % partitions), Value: value})
	}
	put(chosen, sent)
}

// read takes everything of a topic, which is `count` messages.
func read(topic string, partitions int32, count int, isolation sarama.IsolationLevel) []*sarama.ConsumerMessage {
	chosen := config()
	chosen.Consumer.IsolationLevel = isolation
	chosen.Consumer.Fetch.Default = 9_000_000
	reader := walk.Must(sarama.NewConsumer([]string{walk.Broker}, chosen))
	defer reader.Close()
	all := make(chan *sarama.ConsumerMessage)
	ended := make(chan struct{})
	defer close(ended)
	for index := int32(0); index < partitions; index++ {
		part := walk.Must(reader.ConsumePartition(topic, index, sarama.OffsetOldest))
		defer part.AsyncClose()
		go forward(part, all, ended)
	}
	var found []*sarama.ConsumerMessage
	limit := time.After(30 * time.Second)
	for len(found) < count {
		select {
		case message := <-all:
			found = append(found, message)
		case <-limit:
			walk.Fail("%d of %d messages of %s", len(found), count, topic)
		}
	}
	select {
	case message := <-all:
		walk.Fail("one too many: %v", message)
	case <-time.After(300 * time.Millisecond):
	}
	return found
}

func forward(part sarama.PartitionConsumer, all chan<- *sarama.ConsumerMessage, ended <-chan struct{}) {
	for {
		select {
		case message, open := <-part.Messages():
			if !open {
				return
			}
			select {
			case all <- message:
			case <-ended:
			}
		case problem := <-part.Errors():
			fmt.Println(problem)
		case <-ended:
			return
		}
	}
}

func values(found []*sarama.ConsumerMessage) []string {
	texts := make([]string, len(found))
	for i, message := range found {
		texts[i] = string(message.Value)
	}
	return texts
}

func codec(name string, chosen sarama.CompressionCodec) func() {
	return func() {
		topic := create(topicOf(name), 1)
		sent := walk.Numbered(1000, 0)
		for i := range sent {
			sent[i] += strings.Repeat(" payload", 20)
		}
		settings := config()
		settings.Producer.Compression = chosen
		put(settings, messages(topic, sent))
		walk.Equal(values(read(topic, 1, 1000, sarama.ReadUncommitted)), sent)
	}
}

func produce() {
	topic := create(topicOf("produce"), 1)
	headers := []sarama.RecordHeader{{Key: []byte("colour"), Value: []byte("red")}, {Key: []byte("colour"), Value: []byte("blue")}}
	moment := time.UnixMilli(1_600_000_000_123)
	for _, message := range []*sarama.ProducerMessage{
		{Topic: topic, Key: sarama.StringEncoder("key"), Value: sarama.StringEncoder("value"), Headers: headers, Timestamp: moment},
		{Topic: topic, Key: sarama.StringEncoder("only a key")},
		{Topic: topic, Value: sarama.StringEncoder("only a value")},
	} {
		put(config(), []*sarama.ProducerMessage{message})
	}
	found := read(topic, 1, 3, sarama.ReadUncommitted)
	walk.Equal(string(found[0].Key)+"/"+string(found[0].Value), "key/value")
	walk.Equal([]sarama.RecordHeader{*found[0].Headers[0], *found[0].Headers[1]}, headers)
	walk.Equal(found[0].Timestamp.UnixMilli(), moment.UnixMilli())
	walk.Equal([]bool{found[1].Value == nil, found[2].Key == nil}, []bool{true, true})
}

func large() {
	topic := create(topicOf("large"), 1)
	settings := config()
	settings.Producer.MaxMessageBytes = 9_000_000
	var sent []string
	for _, digit := range []string{"1", "2", "3"} {
		sent = append(sent, strings.Repeat(digit, 8_000_000))
		put(settings, messages(topic, sent[len(sent)-1:]))
	}
	for i, text := range values(read(topic, 1, 3, sarama.ReadUncommitted)) {
		walk.Equal(text == sent[i], true)
	}
}

func partitions() {
	topic := create(topicOf("partitions"), 200)
	putEach(topic, 200, 1)
	for _, message := range read(topic, 200, 200, sarama.ReadUncommitted) {
		walk.Equal(string(message.Value), fmt.Sprint(message.Partition))
	}
}

func fullNames() {
	topics := []string{"/activity:sarama-same", "/second:sarama-same"}
	for _, topic := range topics {
		put(config(), messages(topic, []string{topic}))
	}
	for _, topic := range topics {
		walk.Equal(values(read(topic, 1, 1, sarama.ReadUncommitted)), []string{topic})
	}
}

func shortNames() {
	put(config(), messages("sarama-short", []string{"short"}))
	for _, topic := range []string{"sarama-short", "/default:sarama-short"} {
		walk.Equal(values(read(topic, 1, 1, sarama.ReadUncommitted)), []string{"short"})
	}
}

// member reads until it leaves, and marks and commits what it has read.
type member struct {
	group sarama.ConsumerGroup
	held  atomic.Int32
	stop  context.CancelFunc
	ended chan struct{}
	mutex sync.Mutex
	read  map[string]int
}

func join(kind, topic string) *member {
	chosen := config()
	chosen.Consumer.Group.Session.Timeout = 8 * time.Second
	chosen.Consumer.Group.Heartbeat.Interval = 300 * time.Millisecond
	chosen.Consumer.Offsets.AutoCommit.Enable = false
	chosen.Consumer.Return.Errors = false
	one := &member{ended: make(chan struct{}), read: map[string]int{}}
	one.group = walk.Must(sarama.NewConsumerGroup([]string{walk.Broker}, groupOf(kind), chosen))
	bounded, stop := context.WithCancel(context.Background())
	one.stop = stop
	go func() {
		defer close(one.ended)
		for bounded.Err() == nil {
			if err := one.group.Consume(bounded, []string{topic}, one); err != nil {
				fmt.Println(err)
				time.Sleep(100 * time.Millisecond)
			}
		}
	}()
	return one
}

func (one *member) Setup(session sarama.ConsumerGroupSession) error {
	for _, parts := range session.Claims() {
		one.held.Store(int32(len(parts)))
	}
	return nil
}

func (one *member) Cleanup(sarama.ConsumerGroupSession) error {
	one.held.Store(0)
	return nil
}

func (one *member) ConsumeClaim(session sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim) error {
	for {
		select {
		case message, open := <-claim.Messages():
			if !open {
				return nil
			}
			one.mutex.Lock()
			one.read[fmt.Sprintf("%d/%d", message.Partition, message.Offset)]++
			one.mutex.Unlock()
			session.MarkMessage(message, "a note")
			if message.Offset%100 == 99 || message.Offset+1 == claim.HighWaterMarkOffset() {
				session.Commit()
			}
		case <-session.Context().Done():
			return nil
		}
	}
}

func (one *member) total() int {
	one.mutex.Lock()
	defer one.mutex.Unlock()
	total := 0
	for _, times := range one.read {
		total += times
	}
	return total
}

func (one *member) places() int {
	one.mutex.Lock()
	defer one.mutex.Unlock()
	return len(one.read)
}

func (one *member) leave() {
	one.stop()
	<-one.ended
	walk.Check(one.group.Close())
}

func groups() {
	topic := create(topicOf("groups"), 6)
	first, second := join("groups", topic), join("groups", topic)
	walk.Until("two members share six partitions", func() bool { return first.held.Load() == 3 && second.held.Load() == 3 })
	putEach(topic, 6, 20)
	walk.Until("all is read", func() bool { return first.total()+second.total() == 120 })
	first.leave()
	walk.Until("one member has all", func() bool { return second.held.Load() == 6 })
	putEach(topic, 6, 20)
	walk.Until("all is read", func() bool { return first.total()+second.total() == 240 })
	second.leave()
	for place := range first.read {
		second.read[place]++
	}
	walk.Equal(len(second.read), 240)
}

func absent() { panic(walk.Absent) }

func commits() {
	topic := create(topicOf("commits"), 1)
	for _, round := range [][2]int{{0, 40}, {40, 60}} {
		put(config(), messages(topic, walk.Numbered(round[1], round[0])))
		one := join("commits", topic)
		walk.Until("all is read", func() bool { return one.total() == round[1] })
		one.leave()
		_, early := one.read["0/0"]
		walk.Equal(early, round[0] == 0)
	}
	withAdmin(func(admin sarama.ClusterAdmin) { walk.Equal(held(admin, groupOf("commits"), topic), 100) })
}

func held(admin sarama.ClusterAdmin, group, topic string) int64 {
	found := walk.Must(admin.ListConsumerGroupOffsets(group, map[string][]int32{topic: {0}}))
	return found.GetBlock(topic, 0).Offset
}

func sendIdempotent() {
	topic := create(topicOf("idempotence"), 1)
	put(idempotent(""), messages(topic, walk.Numbered(3000, 0)))
	walk.Equal(values(read(topic, 1, 3000, sarama.ReadUncommitted)), walk.Numbered(3000, 0))
}

func transactions() {
	topic := create(topicOf("transactions"), 1)
	sender := walk.Must(sarama.NewSyncProducer([]string{walk.Broker}, idempotent("sarama-transactions")))
	defer sender.Close()
	var expected []string
	for i := 0; i < 6; i++ {
		walk.Check(sender.BeginTxn())
		walk.Check(sender.SendMessages(messages(topic, walk.Numbered(10, i*10))))
		if i%2 == 0 {
			walk.Check(sender.CommitTxn())
			expected = append(expected, walk.Numbered(10, i*10)...)
		} else {
			walk.Check(sender.AbortTxn())
		}
	}
	walk.Equal(values(read(topic, 1, 30, sarama.ReadCommitted)), expected)
	walk.Equal(values(read(topic, 1, 60, sarama.ReadUncommitted)), walk.Numbered(60, 0))
}

func transactionOffsets() {
	source, target, group := seen("transaction-offsets"), create(topicOf("to"), 1), groupOf("transaction-offsets")
	sender := walk.Must(sarama.NewSyncProducer([]string{walk.Broker}, idempotent("sarama-offsets")))
	defer sender.Close()
	withAdmin(func(admin sarama.ClusterAdmin) {
		for _, commit := range []bool{false, true} {
			walk.Check(sender.BeginTxn())
			walk.Check(sender.SendMessages(messages(target, []string{fmt.Sprint(commit)})))
			position := map[string][]*sarama.PartitionOffsetMetadata{source: {{Partition: 0, Offset: 4}}}
			walk.Check(sender.AddOffsetsToTxn(position, group))
			if commit {
				walk.Check(sender.CommitTxn())
			} else {
				walk.Check(sender.AbortTxn())
			}
			walk.Equal(held(admin, group, source), map[bool]int64{false: 10, true: 4}[commit])
		}
	})
	walk.Equal(values(read(target, 1, 1, sarama.ReadCommitted)), []string{"true"})
}

func fencing() {
	topic := create(topicOf("fencing"), 1)
	older := walk.Must(sarama.NewSyncProducer([]string{walk.Broker}, idempotent("sarama-fencing")))
	defer older.Close()
	walk.Check(older.BeginTxn())
	walk.Check(older.SendMessages(messages(topic, []string{"older"})))
	newer := walk.Must(sarama.NewSyncProducer([]string{walk.Broker}, idempotent("sarama-fencing")))
	defer newer.Close()
	walk.Check(newer.BeginTxn())
	walk.Check(newer.SendMessages(messages(topic, []string{"newer"})))
	walk.Check(newer.CommitTxn())
	if err := older.CommitTxn(); err == nil {
		walk.Fail("the older producer was not fenced")
	}
	walk.Equal(older.TxnStatus()&sarama.ProducerTxnFlagFatalError != 0, true)
	walk.Equal(values(read(topic, 1, 1, sarama.ReadCommitted)), []string{"newer"})
}

func restart() {
	topic := create(topicOf("restart"), 1)
	one := join("restart", topic)
	chosen := idempotent("")
	chosen.Producer.Flush.MaxMessages = 50
	sender := walk.Must(sarama.NewAsyncProducer([]string{walk.Broker}, chosen))
	var acknowledged, failed atomic.Int32
	var drained sync.WaitGroup
	drained.Add(2)
	go func() {
		defer drained.Done()
		for range sender.Successes() {
			acknowledged.Add(1)
		}
	}()
	go func() {
		defer drained.Done()
		for problem := range sender.Errors() {
			fmt.Println(problem)
			failed.Add(1)
		}
	}()
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		for _, message := range messages(topic, walk.Numbered(10_000, 0)) {
			sender.Input() <- message
		}
	}()
	walk.Until("some are acknowledged and read", func() bool { return acknowledged.Load() > 300 && one.total() > 0 })
	walk.KillAndRestart()
	<-sent
	// What is retried while the producer closes counts as failed with it.
	walk.Until("all are answered", func() bool { return acknowledged.Load()+failed.Load() == 10_000 })
	sender.AsyncClose()
	drained.Wait()
	walk.Equal([]int32{acknowledged.Load(), failed.Load()}, []int32{10_000, 0})
	walk.Equal(values(read(topic, 1, 10_000, sarama.ReadUncommitted)), walk.Numbered(10_000, 0))
	walk.Until("the consumer has gone on", func() bool { return one.places() == 10_000 })
	one.leave()
}

func topics() {
	topic := create(topicOf("topics"), 3)
	withAdmin(func(admin sarama.ClusterAdmin) {
		err := admin.CreateTopic(topic, &sarama.TopicDetail{NumPartitions: 3, ReplicationFactor: 1}, false)
		walk.Equal(errors.Is(err, sarama.ErrTopicAlreadyExists), true)
		walk.Check(admin.CreatePartitions(topic, 5, nil, false))
		walk.Equal(len(walk.Must(admin.DescribeTopics([]string{topic}))[0].Partitions), 5)
		walk.Equal(walk.Must(admin.ListTopics())[topic].NumPartitions, 5)
		walk.Check(admin.DeleteTopic(topic))
		_, listed := walk.Must(admin.ListTopics())[topic]
		walk.Equal(listed, false)
		walk.Equal(errors.Is(admin.DeleteTopic(topic), sarama.ErrUnknownTopicOrPartition), true)
	})
}

func configs() {
	topic := create(topicOf("configs"), 1)
	withAdmin(func(admin sarama.ClusterAdmin) {
		value := func() string {
			wanted := sarama.ConfigResource{Type: sarama.TopicResource, Name: topic, ConfigNames: []string{"retention.ms"}}
			return walk.Must(admin.DescribeConfig(wanted))[0].Value
		}
		usual, wanted := value(), "3600000"
		change := map[string]sarama.IncrementalAlterConfigsEntry{"retention.ms": {Operation: sarama.IncrementalAlterConfigsOperationSet, Value: &wanted}}
		walk.Check(admin.IncrementalAlterConfig(sarama.TopicResource, topic, change, false))
		walk.Equal(value(), wanted)
		change["retention.ms"] = sarama.IncrementalAlterConfigsEntry{Operation: sarama.IncrementalAlterConfigsOperationDelete}
		walk.Check(admin.IncrementalAlterConfig(sarama.TopicResource, topic, change, false))
		walk.Equal(value(), usual)
	})
}

// seen is a topic of ten messages that a group has read.
func seen(name string) string {
	topic := create(topicOf(name), 1)
	put(config(), messages(topic, walk.Numbered(10, 0)))
	one := join(name, topic)
	walk.Until("ten are read", func() bool { return one.total() == 10 })
	one.leave()
	return topic
}

func groupAdmin() {
	seen("group-admin")
	group := groupOf("group-admin")
	withAdmin(func(admin sarama.ClusterAdmin) {
		_, listed := walk.Must(admin.ListConsumerGroups())[group]
		walk.Equal(listed, true)
		walk.Equal(walk.Must(admin.DescribeConsumerGroups([]string{group}))[0].State, "Empty")
		walk.Check(admin.DeleteConsumerGroup(group))
		_, listed = walk.Must(admin.ListConsumerGroups())[group]
		walk.Equal(listed, false)
	})
}

func offsetAdmin() {
	topic, group := seen("offset-admin"), groupOf("offset-admin")
	withAdmin(func(admin sarama.ClusterAdmin) {
		walk.Equal(held(admin, group, topic), 10)
		walk.Check(admin.DeleteConsumerGroupOffset(group, topic, 0))
		walk.Equal(held(admin, group, topic), -1)
	})
	client := walk.Must(sarama.NewClient([]string{walk.Broker}, config()))
	defer client.Close()
	for _, wanted := range [][2]int64{{sarama.OffsetOldest, 0}, {sarama.OffsetNewest, 10}, {1, 0}} {
		walk.Equal(walk.Must(client.GetOffset(topic, 0, wanted[0])), wanted[1])
	}
	manager := walk.Must(sarama.NewOffsetManagerFromClient(group, client))
	part := walk.Must(manager.ManagePartition(topic, 0))
	part.MarkOffset(4, "")
	manager.Commit()
	walk.Check(part.Close())
	walk.Check(manager.Close())
	withAdmin(func(admin sarama.ClusterAdmin) { walk.Equal(held(admin, group, topic), 4) })
}

func deleteRecords() {
	topic := create(topicOf("delete-records"), 1)
	put(config(), messages(topic, walk.Numbered(10, 0)))
	withAdmin(func(admin sarama.ClusterAdmin) { walk.Check(admin.DeleteRecords(topic, map[int32]int64{0: 6})) })
	walk.Equal(values(read(topic, 1, 4, sarama.ReadUncommitted)), walk.Numbered(4, 6))
}

func cluster() {
	withAdmin(func(admin sarama.ClusterAdmin) {
		brokers, controller, err := admin.DescribeCluster()
		walk.Check(err)
		walk.Equal(len(brokers), 1)
		walk.Equal(brokers[0].Addr(), walk.Broker)
		walk.Equal(brokers[0].ID(), controller)
	})
}

func version() string {
	built, _ := debug.ReadBuildInfo()
	for _, module := range built.Deps {
		if module.Path == "github.com/IBM/sarama" {
			return strings.TrimPrefix(module.Version, "v")
		}
	}
	return "unknown"
}

func main() {
	walk.Main(version(), map[string]func(){
		"produce": produce, "large": large, "partitions": partitions, "full-names": fullNames, "short-names": shortNames,
		"gzip": codec("gzip", sarama.CompressionGZIP), "snappy": codec("snappy", sarama.CompressionSnappy),
		"lz4": codec("lz4", sarama.CompressionLZ4), "zstd": codec("zstd", sarama.CompressionZSTD),
		"groups": groups, "consumer-groups": absent, "commits": commits, "idempotence": sendIdempotent,
		"transactions": transactions, "transaction-offsets": transactionOffsets, "fencing": fencing, "restart": restart,
		"topics": topics, "configs": configs, "group-admin": groupAdmin, "offset-admin": offsetAdmin,
		"delete-records": deleteRecords, "cluster": cluster,
	})
}
